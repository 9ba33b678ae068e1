// Our own kernels for the hot ops, on gpu.js's device and buffers. The portable ones stay beside them.
import type { FusedTable, InPlaceKernels, KernelTable } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { linear as portableLinear } from '../fused/activations';
import { attention as portableAttention } from '../fused/attention';
import { embedding as portableEmbedding } from '../fused/embedding';
import type { Product } from '../kernels/product';
import type { WebGpuDevice } from '../webgpu-device';
import { attention } from './attention';
import { crossEntropy } from './cross-entropy';
import { addDropped, dropout } from './dropout';
import { embedding } from './embedding';
import { inPlace } from './in-place';
import { layerNorm } from './layer-norm';
import { linear } from './linear';
import type { Variant } from './matmul';
import { softmax } from './softmax';

/** Rows that replace portable ones. */
export function hotFused(device: WebGpuDevice, product: Product, variant: Variant): FusedTable<GpuBuffer> {
  return {
    linear: linear(device, variant, portableLinear(device, product)),
    scaledDotProductAttention: attention(device, portableAttention(device, product)),
    embedding: embedding(device, portableEmbedding(device)),
    layerNorm: layerNorm(device),
    softmax: softmax(device, false),
    logSoftmax: softmax(device, true),
    crossEntropy: crossEntropy(device),
    dropout: dropout(device),
  };
}

/** In-place kernels that replace portable ones. */
export function hotInPlace(device: WebGpuDevice): Partial<InPlaceKernels<GpuBuffer>> {
  return inPlace(device);
}

/** Primitives that do more than the portable ones. */
export function hotKernels(device: WebGpuDevice, portable: KernelTable<GpuBuffer>): Partial<KernelTable<GpuBuffer>> {
  return { add: addDropped(device, portable.add) };
}
