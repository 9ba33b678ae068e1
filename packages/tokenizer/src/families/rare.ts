// Components that few files name.
import '../core';
import { BpeDecoder } from '../decoders/bpe';
import { Ctc } from '../decoders/ctc';
import { WordLevel } from '../models/word-level';
import { CharDelimiterSplit, Digits, FixedLength, Punctuation } from '../pre-tokenizers/char-splits';
import { UnicodeScripts } from '../pre-tokenizers/unicode-scripts';

export { WordLevel };

export const model = { WordLevel: WordLevel.read };

export const preTokenizer = {
  CharDelimiterSplit: CharDelimiterSplit.read,
  Punctuation: Punctuation.read,
  Digits: Digits.read,
  UnicodeScripts: (): UnicodeScripts => new UnicodeScripts(),
  FixedLength: FixedLength.read,
};

export const decoder = { BPEDecoder: BpeDecoder.read, CTC: Ctc.read };
