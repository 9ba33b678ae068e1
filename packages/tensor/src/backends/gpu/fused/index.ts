// The fused ops out of gpu.js kernels: fewer launches than their composites need.
import type { FusedTable } from '../../backend';
import type { GpuBuffer } from '../buffer';
import type { Device } from '../device';
import type { Product } from '../kernels/product';
import { dropout, gelu, linear, silu } from './activations';
import { attention } from './attention';
import { crossEntropy } from './cross-entropy';
import { embedding } from './embedding';
import { layerNorm, rmsNorm } from './norm';
import { logSoftmax, softmax } from './softmax';

/** A row for every fused op. */
export function portableFused(device: Device, product: Product): FusedTable<GpuBuffer> {
  return {
    linear: linear(device, product),
    embedding: embedding(device),
    gelu: gelu(device),
    silu: silu(device),
    softmax: softmax(device),
    logSoftmax: logSoftmax(device),
    layerNorm: layerNorm(device),
    rmsNorm: rmsNorm(device),
    crossEntropy: crossEntropy(device),
    dropout: dropout(device),
    scaledDotProductAttention: attention(device, product),
  };
}
