// Post-processors one after another.
import type { Encoding } from '../encoding';
import type { Fields } from '../json';
import type { Readers } from '../reading/readers';
import type { PostProcessor } from './post-processor';

/**
 * Applies post-processors in order.
 *
 * @example
 * ```ts
 * import { ByteLevelPostProcessor, PostProcessorSequence, TemplateProcessing } from '@heddle/tokenizer/components';
 * const template = TemplateProcessing.of(['<s>', '$A'], ['<s>', '$A', '<s>', '$B'], () => 0);
 * console.log(new PostProcessorSequence([new ByteLevelPostProcessor(), template]).added(true)); // 2
 * ```
 */
export class PostProcessorSequence implements PostProcessor {
  constructor(readonly items: readonly PostProcessor[]) {}

  static read(fields: Fields, readers: Readers): PostProcessorSequence {
    return new PostProcessorSequence(
      fields.children('processors').map((child) => readers.read('postProcessor', child)),
    );
  }

  get config(): PostProcessor['config'] {
    return { type: 'Sequence', processors: this.items.map((item) => item.config) };
  }

  added(isPair: boolean): number {
    return this.items.reduce((sum, item) => sum + item.added(isPair), 0);
  }

  process(parts: Encoding[], addSpecialTokens: boolean): Encoding[] {
    let processed = parts;
    for (const item of this.items) processed = item.process(processed, addSpecialTokens);
    return processed;
  }
}
