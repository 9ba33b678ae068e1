// GPT-2's pre-tokeniser: its pattern, then each word's bytes in the byte alphabet.
import type { Fields } from '../json';
import { toByteChars } from '../text/byte-alphabet';
import type { NormalizedString } from '../text/normalized-string';
import { compileOniguruma, findSpans } from '../text/regex';
import type { PreTokenizer } from './pre-tokenizer';

/** GPT-2's pattern, in Oniguruma's dialect. */
export const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** The options that ByteLevel has wherever it stands in the file. */
export interface ByteLevelOptions {
  readonly addPrefixSpace: boolean;
  readonly trimOffsets: boolean;
  readonly useRegex: boolean;
}

export function readByteLevel(fields: Fields): ByteLevelOptions {
  return {
    addPrefixSpace: fields.boolean('add_prefix_space', true),
    trimOffsets: fields.boolean('trim_offsets', true),
    useRegex: fields.boolean('use_regex', true),
  };
}

export function byteLevelConfig(options: ByteLevelOptions): { readonly [key: string]: string | boolean } {
  return {
    type: 'ByteLevel',
    add_prefix_space: options.addPrefixSpace,
    trim_offsets: options.trimOffsets,
    use_regex: options.useRegex,
  };
}

/** Cuts by GPT-2's pattern and spells every byte in the byte alphabet. */
export class ByteLevelPreTokenizer implements PreTokenizer {
  private readonly regex = compileOniguruma(GPT2_PATTERN, 'ByteLevel');

  constructor(readonly options: ByteLevelOptions) {}

  get config(): PreTokenizer['config'] {
    return byteLevelConfig(this.options);
  }

  apply(piece: NormalizedString): NormalizedString[] {
    if (this.options.addPrefixSpace && !piece.text.startsWith(' ')) piece.prepend(' ');
    const words = this.options.useRegex ? piece.split(findSpans(this.regex, piece.text), 'Isolated') : [piece];
    for (const word of words) word.mapChars(toByteChars);
    return words;
  }
}
