// The reference backend: plain TypeScript in float64. The oracle that other backends are held against; never a default.
import type { DType, HostArrays } from '../../dtype';
import type { Backend, BackendInfo } from '../backend';
import type { ReferenceBuffer } from './buffer';
import { elementwise } from './elementwise';
import { inPlace } from './in-place';
import { indexing } from './indexing';
import { reductions } from './reductions';

/**
 * Makes a reference backend. It computes float32 tensors in float64 and rounds only what is read.
 *
 * @example
 * ```ts
 * import { init } from '@heddle/tensor';
 * await init({ backend: 'reference' });
 * ```
 */
export function createReference(): Backend<ReferenceBuffer> {
  return {
    name: 'reference',
    kernels: { ...elementwise, ...reductions, ...indexing },
    fused: {},
    inPlace,
    upload: (data) => (data instanceof Int32Array ? data.slice() : Float64Array.from(data)),
    read: async <D extends DType>(buffer: ReferenceBuffer, offset: number, count: number, dtype: D) =>
      toHost(buffer.subarray(offset, offset + count), dtype),
    readNow: (buffer, offset, count, dtype) => toHost(buffer.subarray(offset, offset + count), dtype),
    free: () => undefined,
    info: (): BackendInfo => ({
      backend: 'reference',
      threads: 1,
      simd: 'none',
      blas: 'none',
      notes: ['float64 in plain TypeScript: exact and slow'],
    }),
    dispose: async () => undefined,
  };
}

function toHost<D extends DType>(values: ReferenceBuffer, dtype: D): HostArrays[D] {
  const arrays: { readonly [K in DType]: () => HostArrays[K] } = {
    float32: () => Float32Array.from(values),
    int32: () => Int32Array.from(values),
    bool: () => Uint8Array.from(values),
  };
  return arrays[dtype]();
}
