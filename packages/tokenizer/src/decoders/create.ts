// Reads any decoder of `tokenizer.json`.
import type { Fields } from '../json';
import { Replace } from '../normalizers/replace';
import { ByteFallback, ByteLevelDecoder } from './bytes';
import type { Decoder } from './decoder';
import { DecoderSequence, Fuse, StripDecoder } from './text';
import { BpeDecoder, Ctc, MetaspaceDecoder, WordPieceDecoder } from './words';

function replaceDecoder(fields: Fields): Decoder {
  const replace = Replace.read(fields);
  return { config: replace.config, decode: (tokens) => tokens.map((token) => replace.applyTo(token)) };
}

const READERS: Readonly<Record<string, (fields: Fields) => Decoder>> = {
  BPEDecoder: (fields) => BpeDecoder.read(fields),
  ByteLevel: (fields) => ByteLevelDecoder.read(fields),
  WordPiece: (fields) => WordPieceDecoder.read(fields),
  Metaspace: (fields) => MetaspaceDecoder.read(fields),
  CTC: (fields) => Ctc.read(fields),
  Sequence: (fields) => new DecoderSequence(fields.children('decoders').map(createDecoder)),
  Replace: replaceDecoder,
  Fuse: () => new Fuse(),
  Strip: (fields) => StripDecoder.read(fields),
  ByteFallback: () => new ByteFallback(),
};

/** Builds a decoder from its JSON. */
export function createDecoder(fields: Fields): Decoder {
  const type = fields.string('type');
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (read === undefined) throw fields.error('type', `one of ${Object.keys(READERS).join(', ')}`, type);
  return read(fields);
}
