// The components of `tokenizer.json` by kind and by name.
import type { Decoder } from '../decoders/decoder';
import type { Model } from '../models/model';
import type { Normalizer } from '../normalizers/normalizer';
import type { PostProcessor } from '../post-processors/post-processor';
import type { PreTokenizer } from '../pre-tokenizers/pre-tokenizer';

/** What each kind of component is. */
export interface Kinds {
  readonly normalizer: Normalizer;
  readonly preTokenizer: PreTokenizer;
  readonly model: Model;
  readonly postProcessor: PostProcessor;
  readonly decoder: Decoder;
}

/** A kind of component. */
export type Kind = keyof Kinds;

/** The names that a file may give, in the order in which errors list them. */
export const NAMES = {
  normalizer: [
    'BertNormalizer',
    'Strip',
    'StripAccents',
    'NFC',
    'NFD',
    'NFKC',
    'NFKD',
    'Lowercase',
    'Nmt',
    'Precompiled',
    'Replace',
    'Prepend',
    'ByteLevel',
    'Sequence',
  ],
  preTokenizer: [
    'BertPreTokenizer',
    'ByteLevel',
    'CharDelimiterSplit',
    'Metaspace',
    'Whitespace',
    'WhitespaceSplit',
    'Sequence',
    'Split',
    'Punctuation',
    'Digits',
    'UnicodeScripts',
    'FixedLength',
  ],
  model: ['BPE', 'WordPiece', 'WordLevel', 'Unigram'],
  postProcessor: ['BertProcessing', 'RobertaProcessing', 'ByteLevel', 'TemplateProcessing', 'Sequence'],
  decoder: [
    'BPEDecoder',
    'ByteLevel',
    'WordPiece',
    'Metaspace',
    'CTC',
    'Sequence',
    'Replace',
    'Fuse',
    'Strip',
    'ByteFallback',
  ],
} as const satisfies { readonly [K in Kind]: readonly string[] };

/** A name of one kind. */
export type NameOf<K extends Kind> = (typeof NAMES)[K][number];

export const KINDS: readonly Kind[] = ['normalizer', 'preTokenizer', 'model', 'postProcessor', 'decoder'];
