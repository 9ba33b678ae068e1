// Our own kernels for the hot ops, on gpu.js's device and buffers.
import type { FusedTable, InPlaceKernels } from '../../backend';
import type { GpuBuffer } from '../device';
import type { Product } from '../kernels/product';
import type { WebGpuDevice } from '../webgpu-device';

/** Rows that replace portable ones. */
export function hotFused(_device: WebGpuDevice, _product: Product): FusedTable<GpuBuffer> {
  return {};
}

/** In-place kernels that replace portable ones. */
export function hotInPlace(_device: WebGpuDevice): Partial<InPlaceKernels<GpuBuffer>> {
  return {};
}
