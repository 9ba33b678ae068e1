// The decoders that only touch text: joining, stripping, one after another.
import type { Fields } from '../json';
import type { Decoder } from './decoder';

/** Joins all pieces into one. */
export class Fuse implements Decoder {
  readonly config = { type: 'Fuse' };

  decode(tokens: readonly string[]): string[] {
    return [tokens.join('')];
  }
}

/** Drops up to so many of one character at either end of each piece. */
export class StripDecoder implements Decoder {
  constructor(
    readonly content: string,
    readonly start: number,
    readonly stop: number,
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

/** Decoders one after another. */
export class DecoderSequence implements Decoder {
  constructor(readonly items: readonly Decoder[]) {}

  get config(): Decoder['config'] {
    return { type: 'Sequence', decoders: this.items.map((item) => item.config) };
  }

  decode(tokens: readonly string[]): string[] {
    let pieces = [...tokens];
    for (const item of this.items) pieces = item.decode(pieces);
    return pieces;
  }
}
