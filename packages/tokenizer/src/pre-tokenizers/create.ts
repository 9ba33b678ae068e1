// Reads any pre-tokeniser of `tokenizer.json`.
import type { Fields } from '../json';
import { ByteLevelPreTokenizer, readByteLevel } from './byte-level';
import { BertPreTokenizer, CharDelimiterSplit, Digits, FixedLength, Punctuation, WhitespaceSplit } from './char-splits';
import { MetaspacePreTokenizer, readMetaspace } from './metaspace';
import type { PreTokenizer } from './pre-tokenizer';
import { PreTokenizerSequence } from './sequence';
import { Split, Whitespace } from './split';
import { UnicodeScripts } from './unicode-scripts';

const READERS: Readonly<Record<string, (fields: Fields) => PreTokenizer>> = {
  BertPreTokenizer: () => new BertPreTokenizer(),
  ByteLevel: (fields) => new ByteLevelPreTokenizer(readByteLevel(fields)),
  CharDelimiterSplit: (fields) => CharDelimiterSplit.read(fields),
  Metaspace: (fields) => new MetaspacePreTokenizer(readMetaspace(fields)),
  Whitespace: () => new Whitespace(),
  WhitespaceSplit: () => new WhitespaceSplit(),
  Sequence: (fields) => new PreTokenizerSequence(fields.children('pretokenizers').map(createPreTokenizer)),
  Split: (fields) => Split.read(fields),
  Punctuation: (fields) => Punctuation.read(fields),
  Digits: (fields) => Digits.read(fields),
  UnicodeScripts: () => new UnicodeScripts(),
  FixedLength: (fields) => FixedLength.read(fields),
};

/** Builds a pre-tokeniser from its JSON. */
export function createPreTokenizer(fields: Fields): PreTokenizer {
  const type = fields.string('type');
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (read === undefined) throw fields.error('type', `one of ${Object.keys(READERS).join(', ')}`, type);
  return read(fields);
}
