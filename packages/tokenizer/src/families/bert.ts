// What BERT and its kin are made of: one download reads them whole.
import '../core';
import { WordPieceDecoder } from '../decoders/word-piece';
import { WordPiece } from '../models/word-piece';
import { BertNormalizer } from '../normalizers/bert';
import { Lowercase } from '../normalizers/lowercase';
import { StripAccents } from '../normalizers/strip-accents';
import { UnicodeNormalizer } from '../normalizers/unicode-form';
import { BertPreTokenizer } from '../pre-tokenizers/bert';

export { BertNormalizer, BertPreTokenizer, WordPiece, WordPieceDecoder };

export const model = { WordPiece: WordPiece.read };

export const normalizer = {
  BertNormalizer: BertNormalizer.read,
  StripAccents: (): StripAccents => new StripAccents(),
  Lowercase: (): Lowercase => new Lowercase(),
  NFC: (): UnicodeNormalizer => new UnicodeNormalizer('NFC'),
  NFD: (): UnicodeNormalizer => new UnicodeNormalizer('NFD'),
  NFKC: (): UnicodeNormalizer => new UnicodeNormalizer('NFKC'),
  NFKD: (): UnicodeNormalizer => new UnicodeNormalizer('NFKD'),
};

export const preTokenizer = { BertPreTokenizer: (): BertPreTokenizer => new BertPreTokenizer() };

export const decoder = { WordPiece: WordPieceDecoder.read };
