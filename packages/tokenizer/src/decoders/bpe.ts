// The decoder of the first BPE models, whose words end in a suffix.
import type { Fields } from '../json';
import type { Decoder } from './decoder';

/**
 * Turns the end-of-word suffix into a space, but for the last token.
 *
 * @example
 * ```ts
 * import { BpeDecoder } from '@heddle/tokenizer/components';
 * console.log(new BpeDecoder().decode(['hel', 'lo</w>', 'you</w>']).join('')); // hello you
 * ```
 */
export class BpeDecoder implements Decoder {
  constructor(readonly suffix = '</w>') {}

  static read(fields: Fields): BpeDecoder {
    return new BpeDecoder(fields.string('suffix', '</w>'));
  }

  get config(): Decoder['config'] {
    return { type: 'BPEDecoder', suffix: this.suffix };
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token, i) => token.replaceAll(this.suffix, i === tokens.length - 1 ? '' : ' '));
  }
}
