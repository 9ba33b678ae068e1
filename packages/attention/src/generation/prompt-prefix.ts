// A beginning that many prompts share, such as instructions: read once, used by any number of calls.
import { ArgumentError } from '@heddle/tensor';
import type { KeyValueCache } from '../kv-cache';

/**
 * Keys and values of a beginning. Made by a model's `readPrefix`; `generate` takes it as `prefix`, with prompts that begin
 * with these ids. Dispose it when it isn't used any more.
 */
export class PromptPrefix {
  /** @param cache which holds all of `ids`, in one row */
  constructor(
    readonly ids: readonly number[],
    private readonly cache: KeyValueCache,
  ) {}

  /**
   * A cache for prompts that begin with the prefix.
   *
   * @throws {ArgumentError} where one doesn't.
   */
  spread(prompts: readonly (readonly number[])[]): KeyValueCache {
    const strange = prompts.findIndex((prompt) => this.ids.some((id, i) => prompt[i] !== id));
    if (strange >= 0)
      throw new ArgumentError('generate', 'prefix', 'a beginning of all prompts', `another one in prompt ${strange}`);
    const longest = Math.max(...prompts.map((prompt) => prompt.length));
    // The last token is read again: its logits aren't kept.
    const length = Math.min(this.ids.length, longest - 1);
    return this.cache.spread(
      prompts.map((prompt) => longest - prompt.length),
      length,
    );
  }

  /** Frees keys and values. */
  dispose(): void {
    this.cache.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
