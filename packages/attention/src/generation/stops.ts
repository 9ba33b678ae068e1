// Text as it grows: what of it is certain, and whether a stop string stands in it. Characters and stop strings may be cut
// anywhere by the borders of tokens.
import { ArgumentError } from '@heddle/tensor';
import type { TextCodec } from '../text-codec';

/** Tokens of context that a decoder is shown: the text of a token may hang on the one before (the space of a first word). */
const CONTEXT = 8;

/** Text that certain tokens make, given the tokens before them. */
export function textOf(codec: Pick<TextCodec, 'decode'>, before: readonly number[], ids: readonly number[]): string {
  const context = before.slice(-CONTEXT);
  return codec.decode([...context, ...ids]).slice(codec.decode(context).length);
}

/** Strings that end a text. */
export class StopStrings {
  private readonly longest: number;

  /** @throws {ArgumentError} where a stop string is empty. */
  constructor(
    private readonly codec: Pick<TextCodec, 'decode'>,
    readonly strings: readonly string[],
  ) {
    if (strings.some((stop) => stop === ''))
      throw new ArgumentError('generate', 'stop', 'strings of at least one character', 'an empty one');
    this.longest = Math.max(...strings.map((stop) => stop.length));
  }

  /** Whether the last of the generated tokens completes a stop string. */
  endsIn(tokens: readonly number[], prompted: number): boolean {
    // A character takes four tokens at most: what is further back can't be part of a string that ends here.
    const first = Math.max(prompted, tokens.length - 4 * this.longest - CONTEXT);
    return this.placeIn(textOf(this.codec, tokens.slice(0, first), tokens.slice(first))) >= 0;
  }

  /** Where the first stop string begins, or -1. */
  placeIn(text: string): number {
    const found = this.strings.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
    return found.length === 0 ? -1 : Math.min(...found);
  }

  /** How much of the text's end might be the beginning of a stop string. */
  overlap(text: string): number {
    const most = (stop: string): number => {
      for (let n = Math.min(stop.length - 1, text.length); n > 0; n--) if (text.endsWith(stop.slice(0, n))) return n;
      return 0;
    };
    return Math.max(...this.strings.map(most));
  }
}

/** Turns tokens into pieces of text that never end inside a character. Each token is decoded a constant number of times. */
export class TextPieces {
  private readonly ids: number[];
  private from = 0;
  private read: number;

  constructor(
    private readonly codec: Pick<TextCodec, 'decode'>,
    before: readonly number[],
  ) {
    this.ids = before.slice(-CONTEXT);
    this.read = this.ids.length;
  }

  /** Adds a token; gives the text that is whole now, which is empty inside a character. */
  push(id: number, last: boolean): string {
    this.ids.push(id);
    const known = this.codec.decode(this.ids.slice(this.from, this.read));
    const text = this.codec.decode(this.ids.slice(this.from));
    // Half a character shows as U+FFFD at the end.
    if (text.length <= known.length || (text.endsWith('\ufffd') && !last)) return '';
    this.from = this.read;
    this.read = this.ids.length;
    return text.slice(known.length);
  }
}
