// A place in an Oniguruma pattern that moves over its code points, and says what is wrong there.
import { TokenizerError } from '../errors';

/** Levels that groups, and brackets, may nest. */
export const MAX_DEPTH = 200;

/** Reads a pattern code point by code point. */
export class OnigReader {
  protected readonly chars: readonly string[];
  protected at = 0;
  protected depth = 0;

  constructor(
    private readonly pattern: string,
    private readonly where: string,
  ) {
    this.chars = [...pattern];
  }

  protected fail(expected: string): never {
    throw new TokenizerError({
      kind: 'unsupported',
      where: this.where,
      expected: `${expected} at ${this.at} of the pattern`,
      got: JSON.stringify(this.pattern),
    });
  }

  protected peek(ahead = 0): string | undefined {
    return this.chars[this.at + ahead];
  }

  protected take(text: string): boolean {
    const wanted = [...text];
    if (wanted.some((char, i) => this.peek(i) !== char)) return false;
    this.at += wanted.length;
    return true;
  }

  protected until(end: string): string {
    const from = this.at;
    while (this.peek() !== end) {
      if (this.peek() === undefined) this.fail(JSON.stringify(end));
      this.at++;
    }
    return this.chars.slice(from, this.at++).join('');
  }

  protected digits(count: number): string {
    const digits = this.chars.slice(this.at, this.at + count).join('');
    const hex = /^[0-9A-Fa-f]*/.exec(digits)?.[0] ?? '';
    this.at += hex.length;
    return hex;
  }

  protected hex(digits: string): number {
    const value = Number.parseInt(digits, 16);
    if (!(value <= 0x10ffff)) this.fail('a hexadecimal code point');
    return value;
  }
}
