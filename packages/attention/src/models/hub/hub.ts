// Models by folder or by their ids on the Hub. What fetches them is loaded when it is needed.
import type { Source } from '@heddle/tensor/io';
import { requireOptions } from '../../errors';

/** How a model is fetched from the Hub. */
export interface HubOptions {
  /** A branch, a tag or a commit: `main` where nothing is said. */
  readonly revision?: string | undefined;
  /** Where fetched models lie: `HF_HUB_CACHE`, or else `~/.cache/huggingface/hub`. */
  readonly cacheDir?: string | undefined;
  /** Another server than huggingface.co. */
  readonly hubUrl?: string | undefined;
  /** Of one's account, for models that aren't open to all. */
  readonly accessToken?: string | undefined;
  /** Called as bytes arrive (`download`), then as tensors are read (`load`). */
  readonly onProgress?: ((done: number, total: number, stage: 'download' | 'load') => void) | undefined;
}

const ID = /^[\w][\w.-]*(\/[\w][\w.-]*)?$/;

/**
 * The folder of a model: itself where it is one, otherwise that of the model of this id in the cache, fetched where it
 * isn't there yet. Outside Node, an id becomes the model's address on the Hub.
 *
 * @throws {HubError} where there is no such model, or it can't be reached and isn't in the cache.
 */
export async function resolveModel(source: Source, options: HubOptions = {}): Promise<Source> {
  requireOptions('fromPretrained', options);
  if (typeof source !== 'string' || !ID.test(source)) return source;
  const { revision = 'main', hubUrl = 'https://huggingface.co' } = options;
  if (typeof process === 'undefined' || typeof process.getBuiltinModule !== 'function')
    return `${hubUrl}/${source}/resolve/${encodeURIComponent(revision)}/`;
  const fs = process.getBuiltinModule('node:fs/promises');
  const local = await fs.stat(source).catch(() => null);
  if (local !== null) return source;
  const { fetchModel } = await import('./fetch-model');
  return fetchModel(source, options);
}
