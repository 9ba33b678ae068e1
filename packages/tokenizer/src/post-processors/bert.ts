// BERT's frame: [CLS] A [SEP] and B [SEP].
import type { Encoding } from '../encoding';
import type { Fields, JsonObject } from '../json';
import type { PostProcessor } from './post-processor';
import { framed, type NamedId, readNamedId } from './special-frame';

/**
 * `[CLS] A [SEP] B [SEP]`.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { BertProcessing, WordLevel } from '@heddle/tokenizer/components';
 * const postProcessor = new BertProcessing(['[SEP]', 1], ['[CLS]', 0]);
 * const tokenizer = new Tokenizer({ model: new WordLevel(['[CLS]', '[SEP]', 'hello']), postProcessor });
 * console.log(tokenizer.encode('hello').tokens); // ['[CLS]', 'hello', '[SEP]']
 * ```
 */
export class BertProcessing implements PostProcessor {
  constructor(
    readonly sep: NamedId,
    readonly cls: NamedId,
  ) {}

  static read(fields: Fields): BertProcessing {
    return new BertProcessing(readNamedId(fields, 'sep'), readNamedId(fields, 'cls'));
  }

  get config(): JsonObject {
    return { type: 'BertProcessing', sep: this.sep, cls: this.cls };
  }

  added(isPair: boolean): number {
    return isPair ? 3 : 2;
  }

  process(parts: Encoding[], addSpecialTokens: boolean): Encoding[] {
    if (!addSpecialTokens) return parts;
    return parts.map((part, i) => framed(part, i === 0 ? [this.cls] : [], [this.sep], i, i));
  }
}
