// WordPiece's decoder, and the English clean-up that it shares.
import type { Fields } from '../json';
import type { Decoder } from './decoder';

const CLEANUPS: readonly (readonly [string, string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** English clean-up: no space before punctuation and contractions. */
export function cleanUp(text: string): string {
  let clean = text;
  for (const [from, to] of CLEANUPS) clean = clean.replaceAll(from, to);
  return clean;
}

/**
 * Joins `##` parts to what stands before them.
 *
 * @example
 * ```ts
 * import { WordPieceDecoder } from '@heddle/tokenizer/components';
 * console.log(new WordPieceDecoder().decode(['token', '##s', '!']).join('')); // tokens!
 * ```
 */
export class WordPieceDecoder implements Decoder {
  constructor(
    readonly prefix = '##',
    readonly cleanup = true,
  ) {}

  static read(fields: Fields): WordPieceDecoder {
    return new WordPieceDecoder(fields.string('prefix', '##'), fields.boolean('cleanup', true));
  }

  get config(): Decoder['config'] {
    return { type: 'WordPiece', prefix: this.prefix, cleanup: this.cleanup };
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token, i) => {
      let text = token;
      if (i > 0) text = token.startsWith(this.prefix) ? token.slice(this.prefix.length) : ` ${token}`;
      return this.cleanup ? cleanUp(text) : text;
    });
  }
}
