// Integers that decide what is computed next, such as which rows an expert gets. Not a way to look at results: those are
// awaited.

import { scope } from './lifetime';
import { requireDType } from './ops/rules';
import { contiguous } from './ops/views';
import type { Tensor } from './tensor';

/**
 * A tensor's integers at once, or null where that would mean to wait: on a GPU, in a page's worker. Whoever asks has a way
 * to go on without them.
 *
 * @example
 * ```ts
 * import { argmax, init, readNow, tensor } from '@heddle/tensor';
 * await init();
 * console.log(readNow(argmax(tensor([[3, 1], [0, 2]]), { axis: 1 }))); // Int32Array(2) [ 0, 1 ]
 * ```
 */
export function readNow(ids: Tensor<'int32'>): Int32Array | null {
  requireDType('readNow', 'ids', ids, 'int32');
  const { backend, error } = ids.storage;
  if (error !== null || backend.readNow === undefined) return null;
  return scope(() => {
    const { storage, offset, size } = contiguous(ids);
    return storage.error === null ? (backend.readNow?.(storage.buffer, offset, size, 'int32') ?? null) : null;
  });
}
