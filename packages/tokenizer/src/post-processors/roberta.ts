// RoBERTa's frame: BERT's with a second separator before the second text, and no type ids.

import type { Encoding } from '../encoding';
import type { Fields, JsonObject } from '../json';
import { checkObject } from '../options';
import { trimOffsets } from './byte-level';
import type { PostProcessor } from './post-processor';
import { framed, type NamedId, readNamedId } from './special-frame';

/**
 * `<s> A </s> </s> B </s>`, all of type 0.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { RobertaProcessing, WordLevel } from '@heddle/tokenizer/components';
 * const postProcessor = new RobertaProcessing(['</s>', 1], ['<s>', 0]);
 * const tokenizer = new Tokenizer({ model: new WordLevel(['<s>', '</s>', 'hello']), postProcessor });
 * console.log(tokenizer.encode('hello', { pair: 'hello' }).ids); // [0, 2, 1, 1, 2, 1]
 * ```
 */
export class RobertaProcessing implements PostProcessor {
  private readonly trim: boolean;
  private readonly addPrefixSpace: boolean;

  constructor(
    readonly sep: NamedId,
    readonly cls: NamedId,
    options: { readonly trimOffsets?: boolean; readonly addPrefixSpace?: boolean } = {},
  ) {
    checkObject('RobertaProcessing: options', options);
    this.trim = options.trimOffsets ?? true;
    this.addPrefixSpace = options.addPrefixSpace ?? true;
  }

  static read(fields: Fields): RobertaProcessing {
    return new RobertaProcessing(readNamedId(fields, 'sep'), readNamedId(fields, 'cls'), {
      trimOffsets: fields.boolean('trim_offsets', true),
      addPrefixSpace: fields.boolean('add_prefix_space', true),
    });
  }

  get config(): JsonObject {
    return {
      type: 'RobertaProcessing',
      sep: this.sep,
      cls: this.cls,
      trim_offsets: this.trim,
      add_prefix_space: this.addPrefixSpace,
    };
  }

  added(isPair: boolean): number {
    return isPair ? 4 : 2;
  }

  process(parts: Encoding[], addSpecialTokens: boolean): Encoding[] {
    for (const part of parts) {
      if (this.trim) trimOffsets(part, this.addPrefixSpace);
      part.setTypeIds(0);
    }
    if (!addSpecialTokens) return parts;
    return parts.map((part, i) => {
      for (const window of part.overflowing) window.setTypeIds(0);
      return framed(part, [i === 0 ? this.cls : this.sep], [this.sep], 0, i);
    });
  }
}
