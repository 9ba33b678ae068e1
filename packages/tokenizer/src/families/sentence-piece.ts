// What SentencePiece's models are made of: T5, XLM-R; Llama 2 with the BPE model.
import '../core';
import { ByteFallback } from '../decoders/byte-fallback';
import { MetaspaceDecoder } from '../decoders/metaspace';
import { Fuse, ReplaceDecoder, StripDecoder } from '../decoders/text';
import { Unigram } from '../models/unigram';
import { Nmt } from '../normalizers/nmt';
import { Precompiled } from '../normalizers/precompiled';
import { Prepend } from '../normalizers/prepend';
import { Replace } from '../normalizers/replace';
import { Strip } from '../normalizers/strip';
import { MetaspacePreTokenizer } from '../pre-tokenizers/metaspace';
import { Whitespace, WhitespaceSplit } from '../pre-tokenizers/whitespace';

export { ByteFallback, Fuse, Precompiled, ReplaceDecoder, StripDecoder, Unigram };

export const model = { Unigram: Unigram.read };

export const normalizer = {
  Strip: Strip.read,
  Nmt: (): Nmt => new Nmt(),
  Precompiled: Precompiled.read,
  Replace: Replace.read,
  Prepend: Prepend.read,
};

export const preTokenizer = {
  Metaspace: MetaspacePreTokenizer.read,
  Whitespace: (): Whitespace => new Whitespace(),
  WhitespaceSplit: (): WhitespaceSplit => new WhitespaceSplit(),
};

export const decoder = {
  Metaspace: MetaspaceDecoder.read,
  Replace: ReplaceDecoder.read,
  Fuse: (): Fuse => new Fuse(),
  Strip: StripDecoder.read,
  ByteFallback: (): ByteFallback => new ByteFallback(),
};
