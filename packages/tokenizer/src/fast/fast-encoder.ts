// What a quick path is, and which tokenizers have one. Each must give what `pipeline.ts` gives, or decline.
import { Bpe } from '../models/bpe';
import type { TokenSink } from '../models/token-sink';
import { WordPiece } from '../models/word-piece';
import { BertNormalizer } from '../normalizers/bert';
import { Lowercase } from '../normalizers/lowercase';
import type { Normalizer } from '../normalizers/normalizer';
import { Precompiled } from '../normalizers/precompiled';
import { Replace } from '../normalizers/replace';
import { NormalizerSequence } from '../normalizers/sequence';
import { StripAccents } from '../normalizers/strip-accents';
import { UnicodeNormalizer } from '../normalizers/unicode-form';
import type { Components } from '../pipeline';
import { ByteLevelPreTokenizer } from '../pre-tokenizers/byte-level';
import { BertPreTokenizer, WhitespaceSplit } from '../pre-tokenizers/char-splits';
import { MetaspacePreTokenizer } from '../pre-tokenizers/metaspace';
import { PreTokenizerSequence } from '../pre-tokenizers/sequence';
import { Split } from '../pre-tokenizers/split';
import { BertEncoder } from './bert-encoder';
import { ByteLevelEncoder } from './byte-level-encoder';
import { ChunkEncoder } from './chunk-encoder';
import { type Scanner, scanGpt2, scannerOf } from './scanners';

/** A quick path from text to tokens. */
export interface FastEncoder {
  /** False where a text needs the exact path from the start. */
  accepts(text: string): boolean;
  /**
   * Appends the tokens of text[from, to), with ranges in `text`, counting words up from `sink.word`.
   * False where something turned up that needs the exact path; what was appended is then to be dropped.
   */
  encode(text: string, from: number, to: number, sink: TokenSink): boolean;
}

function byteLevelScanner({ preTokenizer }: Components): Scanner | undefined {
  if (preTokenizer instanceof ByteLevelPreTokenizer) {
    const { useRegex, addPrefixSpace } = preTokenizer.options;
    return useRegex && !addPrefixSpace ? scanGpt2 : undefined;
  }
  if (!(preTokenizer instanceof PreTokenizerSequence) || preTokenizer.items.length !== 2) return undefined;
  const [split, bytes] = preTokenizer.items;
  if (!(split instanceof Split && bytes instanceof ByteLevelPreTokenizer)) return undefined;
  if (bytes.options.useRegex || bytes.options.addPrefixSpace) return undefined;
  if (split.behavior !== 'Isolated' || !('Regex' in split.pattern)) return undefined;
  return scannerOf(split.pattern.Regex);
}

/** True for normalisers that change no character by what stands beyond white space, nor white space but to white space. */
function isLocal(normalizer: Normalizer | undefined): boolean {
  if (normalizer === undefined) return true;
  if (normalizer instanceof Precompiled)
    return [' ', '\n', '\t'].every((space) => /^\s+$/.test(normalizer.replacement(space) ?? space));
  if (normalizer instanceof Lowercase || normalizer instanceof StripAccents || normalizer instanceof UnicodeNormalizer)
    return true;
  if (normalizer instanceof Replace) {
    const { pattern, content } = normalizer;
    if ('Regex' in pattern) return pattern.Regex === ' {2,}' && content === ' ';
    return !/\s/.test(pattern.String + content);
  }
  return normalizer instanceof NormalizerSequence && normalizer.items.every(isLocal);
}

/** True where words are cut at white space and marked one by one. */
function cutsAtSpace({ preTokenizer }: Components): boolean {
  if (!(preTokenizer instanceof PreTokenizerSequence) || preTokenizer.items.length !== 2) return false;
  const [first, second] = preTokenizer.items;
  return (
    first instanceof WhitespaceSplit &&
    second instanceof MetaspacePreTokenizer &&
    second.options.prependScheme !== 'first'
  );
}

/** The quick path of a tokenizer, if it has one. */
export function fastEncoderOf(parts: Components): FastEncoder | undefined {
  const { model, normalizer, preTokenizer } = parts;
  if (model instanceof Bpe && model.deterministic) {
    const { continuingSubwordPrefix, endOfWordSuffix, unkToken } = model.options;
    if (continuingSubwordPrefix || endOfWordSuffix || unkToken !== undefined || !model.spellsEveryByte)
      return undefined;
    const isNfc = normalizer instanceof UnicodeNormalizer && normalizer.form === 'NFC';
    const scan = byteLevelScanner(parts);
    if (scan !== undefined && (normalizer === undefined || isNfc)) return new ByteLevelEncoder(model, scan, isNfc);
  }
  if (model instanceof WordPiece && normalizer instanceof BertNormalizer && preTokenizer instanceof BertPreTokenizer)
    return new BertEncoder(model, normalizer);
  if (model.deterministic && cutsAtSpace(parts) && isLocal(normalizer)) return new ChunkEncoder(parts);
  return undefined;
}
