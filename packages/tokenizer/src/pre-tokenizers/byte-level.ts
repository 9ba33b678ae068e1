// GPT-2's pre-tokeniser: its pattern, then each word's bytes in the byte alphabet.
import { type Scanner, scanWhole } from '../fast/scanner';
import { scanGpt2 } from '../fast/scanners';
import type { Fields } from '../json';
import { toByteChars } from '../text/byte-alphabet';
import { type ByteLevelOptions, byteLevelConfig, byteLevelOptions, readByteLevel } from '../text/byte-level-options';
import type { NormalizedString } from '../text/normalized-string';
import { positionTable } from '../text/offset-units';
import { findSpans } from '../text/spans';
import type { PreTokenizer } from './pre-tokenizer';

/** GPT-2's pattern, in Oniguruma's dialect. */
export const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** The same in JavaScript's, so that nothing needs translating. */
export const GPT2_REGEX: RegExp =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/**
 * Cuts by GPT-2's pattern and spells every byte in the byte alphabet.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { ByteLevelPreTokenizer, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel(['[UNK]'], { unkToken: '[UNK]' });
 * const tokenizer = new Tokenizer({ preTokenizer: new ByteLevelPreTokenizer({ addPrefixSpace: false }), model });
 * console.log(tokenizer.encode('Hello you').offsets);
 * ```
 */
export class ByteLevelPreTokenizer implements PreTokenizer {
  readonly options: ByteLevelOptions;
  readonly scan: Scanner | undefined;
  readonly spellsBytes = true;

  constructor(options: Partial<ByteLevelOptions> = {}) {
    this.options = byteLevelOptions(options);
    const { addPrefixSpace, useRegex } = this.options;
    if (!addPrefixSpace) this.scan = useRegex ? scanGpt2 : scanWhole;
  }

  static read(fields: Fields): ByteLevelPreTokenizer {
    return new ByteLevelPreTokenizer(readByteLevel(fields));
  }

  get config(): PreTokenizer['config'] {
    return byteLevelConfig(this.options);
  }

  apply(piece: NormalizedString): NormalizedString[] {
    if (this.options.addPrefixSpace && !piece.text.startsWith(' ')) piece.prepend(' ');
    const spans = this.options.useRegex ? findSpans(GPT2_REGEX, piece.text) : undefined;
    // Spelt all at once, since words share the ranges of what they are cut from.
    const places = spans && positionTable(piece.text, 'byte');
    piece.mapChars(toByteChars);
    if (spans === undefined || places === undefined) return [piece];
    const cut = spans.map(({ start, end, match }) => {
      return { start: places[start] as number, end: places[end] as number, match };
    });
    return piece.split(cut, 'Isolated');
  }
}
