// The decoder of speech models.
import type { Fields } from '../json';
import type { Decoder } from './decoder';
import { cleanUp } from './word-piece';

/**
 * Speech models: repeats collapse, padding goes, the delimiter is a space.
 *
 * @example
 * ```ts
 * import { Ctc } from '@heddle/tokenizer/components';
 * console.log(new Ctc().decode(['h', 'h', 'i', '<pad>', '|', 'a']).join('')); // hi a
 * ```
 */
export class Ctc implements Decoder {
  constructor(
    readonly padToken = '<pad>',
    readonly wordDelimiter = '|',
    readonly cleanup = true,
  ) {}

  static read(fields: Fields): Ctc {
    return new Ctc(
      fields.string('pad_token', '<pad>'),
      fields.string('word_delimiter_token', '|'),
      fields.boolean('cleanup', true),
    );
  }

  get config(): Decoder['config'] {
    return {
      type: 'CTC',
      pad_token: this.padToken,
      word_delimiter_token: this.wordDelimiter,
      cleanup: this.cleanup,
    };
  }

  decode(tokens: readonly string[]): string[] {
    const out: string[] = [];
    for (const [i, token] of tokens.entries()) {
      if (i > 0 && token === tokens[i - 1]) continue;
      let text = token.replaceAll(this.padToken, '');
      if (this.cleanup) text = cleanUp(text).replaceAll(this.wordDelimiter, ' ');
      if (text !== '') out.push(text);
    }
    return out;
  }
}
