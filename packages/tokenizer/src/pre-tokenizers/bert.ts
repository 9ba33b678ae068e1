// BERT's pre-tokeniser.
import { bertEncoderOf } from '../fast/bert-encoder';
import type { FastEncoder } from '../fast/fast-encoder';
import type { Components } from '../pipeline';
import { isPunctuation, isWhitespace } from '../text/char-class';
import type { NormalizedString } from '../text/normalized-string';
import { charSpans } from '../text/spans';
import type { PreTokenizer } from './pre-tokenizer';

/**
 * Cuts at white space, then sets each punctuation mark apart.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { BertPreTokenizer, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel(['[UNK]'], { unkToken: '[UNK]' });
 * const tokenizer = new Tokenizer({ preTokenizer: new BertPreTokenizer(), model });
 * console.log(tokenizer.encode('Hello, you!').offsets);
 * ```
 */
export class BertPreTokenizer implements PreTokenizer {
  readonly config = { type: 'BertPreTokenizer' };

  apply(piece: NormalizedString): NormalizedString[] {
    return piece
      .split(charSpans(piece.text, isWhitespace), 'Removed')
      .flatMap((word) => word.split(charSpans(word.text, isPunctuation), 'Isolated'));
  }

  fastEncoder(parts: Components): FastEncoder | undefined {
    return bertEncoderOf(parts);
  }
}
