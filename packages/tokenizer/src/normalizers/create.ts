// Reads any normaliser of `tokenizer.json`.
import type { Fields } from '../json';
import { BertNormalizer } from './bert';
import { ByteLevelNormalizer } from './byte-level';
import { Lowercase } from './lowercase';
import { Nmt } from './nmt';
import type { Normalizer } from './normalizer';
import { Precompiled } from './precompiled';
import { Prepend } from './prepend';
import { Replace } from './replace';
import { NormalizerSequence } from './sequence';
import { Strip } from './strip';
import { StripAccents } from './strip-accents';
import { UnicodeNormalizer } from './unicode-form';

const READERS: Readonly<Record<string, (fields: Fields) => Normalizer>> = {
  BertNormalizer: (fields) => BertNormalizer.read(fields),
  Strip: (fields) => Strip.read(fields),
  StripAccents: () => new StripAccents(),
  NFC: () => new UnicodeNormalizer('NFC'),
  NFD: () => new UnicodeNormalizer('NFD'),
  NFKC: () => new UnicodeNormalizer('NFKC'),
  NFKD: () => new UnicodeNormalizer('NFKD'),
  Lowercase: () => new Lowercase(),
  Nmt: () => new Nmt(),
  Precompiled: (fields) => Precompiled.read(fields),
  Replace: (fields) => Replace.read(fields),
  Prepend: (fields) => Prepend.read(fields),
  ByteLevel: () => new ByteLevelNormalizer(),
  Sequence: (fields) => new NormalizerSequence(fields.children('normalizers').map(createNormalizer)),
};

/** Builds a normaliser from its JSON. */
export function createNormalizer(fields: Fields): Normalizer {
  const type = fields.string('type');
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (read === undefined) throw fields.error('type', `one of ${Object.keys(READERS).join(', ')}`, type);
  return read(fields);
}
