// The decoders that only touch text: joining, stripping, replacing.
import type { Fields } from '../json';
import { Replace } from '../normalizers/replace';
import type { Readers } from '../reading/readers';
import type { Pattern } from '../text/pattern';
import type { Decoder } from './decoder';

/**
 * Joins all pieces into one.
 *
 * @example
 * ```ts
 * import { Fuse } from '@heddle/tokenizer/components';
 * console.log(new Fuse().decode(['a', 'b']).join('')); // ab
 * ```
 */
export class Fuse implements Decoder {
  readonly config = { type: 'Fuse' };

  decode(tokens: readonly string[]): string[] {
    return [tokens.join('')];
  }
}

/**
 * Drops up to so many of one character at either end of each piece.
 *
 * @example
 * ```ts
 * import { StripDecoder } from '@heddle/tokenizer/components';
 * console.log(new StripDecoder('_', 1).decode(['_a', '__b']).join('')); // a_b
 * ```
 */
export class StripDecoder implements Decoder {
  constructor(
    readonly content: string,
    readonly start = 0,
    readonly stop = 0,
  ) {}

  static read(fields: Fields): StripDecoder {
    return new StripDecoder(fields.char('content'), fields.integer('start'), fields.integer('stop'));
  }

  get config(): Decoder['config'] {
    return { type: 'Strip', content: this.content, start: this.start, stop: this.stop };
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token) => {
      const chars = [...token];
      let start = 0;
      while (start < this.start && chars[start] === this.content) start++;
      let end = chars.length;
      while (chars.length - end < this.stop && end > start && chars[end - 1] === this.content) end--;
      return chars.slice(start, end).join('');
    });
  }
}

/**
 * Replaces every match of a pattern, token by token.
 *
 * @example
 * ```ts
 * import { ReplaceDecoder } from '@heddle/tokenizer/components';
 * console.log(new ReplaceDecoder('▁', ' ').decode(['a', '▁b']).join('')); // a b
 * ```
 */
export class ReplaceDecoder implements Decoder {
  private readonly replace: Replace;

  constructor(pattern: Pattern, content: string) {
    this.replace = new Replace(pattern, content);
  }

  static read(fields: Fields, readers: Readers): ReplaceDecoder {
    const { pattern, content } = Replace.read(fields, readers);
    return new ReplaceDecoder(pattern, content);
  }

  get config(): Decoder['config'] {
    return this.replace.config;
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token) => this.replace.applyTo(token));
  }
}
