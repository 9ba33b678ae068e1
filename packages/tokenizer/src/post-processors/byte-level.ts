// Trims the spaces that byte-level tokens carry off their offsets.
import type { Encoding, Offset } from '../encoding';
import type { Fields } from '../json';
import { type ByteLevelOptions, byteLevelConfig, byteLevelOptions, readByteLevel } from '../text/byte-level-options';
import { isWhitespace } from '../text/char-class';
import type { PostProcessor } from './post-processor';

const isSpace = (char: string): boolean => char === 'Ġ' || isWhitespace(char.codePointAt(0) as number);

/** Moves offsets past leading and trailing spaces, in an encoding and its windows. */
export function trimOffsets(encoding: Encoding, addPrefixSpace: boolean): void {
  for (const window of encoding.overflowing) trimOffsets(window, addPrefixSpace);
  for (let i = 0; i < encoding.length; i++) {
    const chars = [...(encoding.tokens[i] as string)];
    let leading = 0;
    while (leading < chars.length && isSpace(chars[leading] as string)) leading++;
    let trailing = 0;
    while (trailing < chars.length && isSpace(chars[chars.length - 1 - trailing] as string)) trailing++;
    if (leading === 0 && trailing === 0) continue;
    let [start, end] = encoding.offsets[i] as Offset;
    if (leading > 0) {
      // A single space at the very start is the one that was added, and takes no room in the original.
      if ((i === 0 || start === 0) && addPrefixSpace && leading === 1) leading = 0;
      start = Math.min(start + leading, end);
    }
    if (trailing > 0 && end >= trailing) end = Math.max(end - trailing, start);
    encoding.offsets[i] = [start, end];
  }
}

/**
 * Trims offsets; adds nothing.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { ByteLevelPostProcessor, WordLevel } from '@heddle/tokenizer/components';
 * const postProcessor = new ByteLevelPostProcessor({ addPrefixSpace: false });
 * const tokenizer = new Tokenizer({ model: new WordLevel([' a']), postProcessor });
 * console.log(tokenizer.encode(' a').offsets); // [[1, 2]]
 * ```
 */
export class ByteLevelPostProcessor implements PostProcessor {
  readonly options: ByteLevelOptions;

  constructor(options: Partial<ByteLevelOptions> = {}) {
    this.options = byteLevelOptions(options);
  }

  static read(fields: Fields): ByteLevelPostProcessor {
    return new ByteLevelPostProcessor(readByteLevel(fields));
  }

  get config(): PostProcessor['config'] {
    return byteLevelConfig(this.options);
  }

  added(): number {
    return 0;
  }

  process(parts: Encoding[]): Encoding[] {
    for (const [i, part] of parts.entries()) {
      if (this.options.trimOffsets) trimOffsets(part, this.options.addPrefixSpace);
      part.setSequence(i);
    }
    return parts;
  }
}
