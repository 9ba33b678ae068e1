// Post-processors one after another.
import type { Encoding } from '../encoding';
import type { PostProcessor } from './post-processor';

/** Applies post-processors in order. */
export class PostProcessorSequence implements PostProcessor {
  constructor(readonly items: readonly PostProcessor[]) {}

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
