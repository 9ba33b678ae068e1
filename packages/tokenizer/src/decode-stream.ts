// Decodes tokens as they come: text goes out as soon as it is certain, never half a character.
import type { CleanUp } from './tokenizer-parts';

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
  /** Ids whose text is not out yet, after some whose text is, which the decoder needs to see. */
  private ids: number[] = [];
  private context = 0;
  private emitted = '';

  /** Text that what follows may still change. */
  private open = '';

  constructor(
    private readonly decode: (ids: readonly number[]) => string,
    private readonly cleanUp?: CleanUp,
  ) {}

  private clean(text: string, isLast: boolean): string {
    if (this.cleanUp === undefined) return text;
    this.open += text;
    if (!isLast && this.cleanUp.isOpen(this.open)) return '';
    const cleaned = this.cleanUp.clean(this.open);
    this.open = '';
    return cleaned;
  }

  /** Takes ids and gives the text that they complete: often empty in the middle of a character. */
  push(...ids: readonly number[]): string {
    this.ids.push(...ids);
    const text = this.decode(this.ids);
    if (text.length <= this.emitted.length || text.endsWith('\ufffd') || !text.startsWith(this.emitted)) return '';
    const fresh = text.slice(this.emitted.length);
    // Only what was new now is kept as the next call's context.
    this.ids = this.ids.slice(this.context);
    this.context = this.ids.length;
    this.emitted = this.decode(this.ids);
    return this.clean(fresh, false);
  }

  /** Gives what was held back, with U+FFFD for bytes that never became a character. */
  end(): string {
    const text = this.decode(this.ids);
    const fresh = text.startsWith(this.emitted) ? text.slice(this.emitted.length) : '';
    this.ids = [];
    this.context = 0;
    this.emitted = '';
    return this.clean(fresh, true);
  }
}
