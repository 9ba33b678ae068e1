// Decodes tokens as they come: text goes out as soon as it is certain, never half a character.
/**
 * A decoder that is fed one id at a time.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * const tokenizer = await Tokenizer.train(['How are you?', 'Fine.'], { model: 'wordpiece', vocabSize: 100 });
 * const stream = tokenizer.decodeStream();
 * let text = '';
 * for (const id of tokenizer.encode('How are you?').ids) text += stream.push(id);
 * console.log(text + stream.end());
 * ```
 */
export class DecodeStream {
  /** Tokens whose text is not out yet, after some whose text is, which the decoder needs to see. */
  private tokens: string[] = [];
  private context = 0;
  private emitted = '';
  /** How many tokens waited when they were last decoded in vain. */
  private waited = 0;

  constructor(
    private readonly tokensOf: (ids: readonly number[]) => readonly string[],
    private readonly decode: (tokens: readonly string[]) => string,
    private readonly clean: (text: string, isLast: boolean) => string = (text) => text,
  ) {}

  /** True while the last few tokens, wherever a character begins in them, leave one unfinished: cheaper than all of them. */
  private endsUnfinished(): boolean {
    return [8, 9, 10, 11].every((n) => this.decode(this.tokens.slice(-n)).endsWith('\ufffd'));
  }

  /** The text that is not out yet. */
  private fresh(text: string): string {
    // Bytes that turned out to be no characters take back those that are out: then what waits stands alone.
    return text.startsWith(this.emitted)
      ? text.slice(this.emitted.length)
      : this.decode(this.tokens.slice(this.context));
  }

  /** Takes ids and gives the text that they complete: often empty in the middle of a character. */
  push(...ids: readonly number[]): string {
    const { tokens } = this;
    for (const token of this.tokensOf(ids)) tokens.push(token);
    const waiting = tokens.length - this.context;
    // What waits for long is decoded as a whole only now and then, or time would grow with its square.
    if (waiting === 0 || (waiting > 16 && waiting < 2 * this.waited && this.endsUnfinished())) return '';
    const text = this.decode(tokens);
    this.waited = waiting;
    const isIdle = waiting > 16 && text === this.emitted;
    if (!isIdle && (text.length <= this.emitted.length || text.endsWith('\ufffd'))) return '';
    const fresh = this.fresh(text);
    // Only what was new now is kept as the next call's context, unless it is nothing where it comes first, as spaces may be.
    const kept = tokens.splice(this.context);
    this.waited = 0;
    const emitted = this.decode(kept);
    if (emitted) {
      this.tokens = kept;
      this.context = waiting;
      this.emitted = emitted;
    }
    return this.clean(fresh, false);
  }

  /** Gives what was held back, with U+FFFD for bytes that never became a character. */
  end(): string {
    const fresh = this.fresh(this.decode(this.tokens));
    this.tokens = [];
    this.context = this.waited = 0;
    this.emitted = '';
    return this.clean(fresh, true);
  }
}
