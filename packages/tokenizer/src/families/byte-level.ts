// What GPT-2 and its kin are made of, Llama 3 and Qwen among them.
import '../core';
import { ByteLevelDecoder } from '../decoders/byte-level';
import { Bpe } from '../models/bpe';
import { readMerges } from '../models/merges';
import { UNRANKED } from '../models/pair-table';
import { mergesByRank, ranksOfScores } from '../models/score-merges';
import { ByteLevelNormalizer } from '../normalizers/byte-level';
import { ByteLevelPreTokenizer, GPT2_PATTERN } from '../pre-tokenizers/byte-level';
import { Split } from '../pre-tokenizers/split';

export {
  Bpe,
  ByteLevelDecoder,
  ByteLevelPreTokenizer,
  GPT2_PATTERN,
  mergesByRank,
  ranksOfScores,
  readMerges,
  Split,
  UNRANKED,
};

export const model = { BPE: Bpe.read };

export const normalizer = { ByteLevel: (): ByteLevelNormalizer => new ByteLevelNormalizer() };

export const preTokenizer = { ByteLevel: ByteLevelPreTokenizer.read, Split: Split.read };

export const decoder = { ByteLevel: ByteLevelDecoder.read };
