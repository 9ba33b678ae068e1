// The wasm backend's tables: a row for every primitive (a missing one is a compile error), and for the fused ops.
import type { FusedTable, KernelTable } from '../backend';
import type { Engine } from './engine/engine';
import { dropout, gelu, silu } from './fused/activations';
import { attention } from './fused/attention';
import { crossEntropy } from './fused/cross-entropy';
import { embedding } from './fused/embedding';
import { norm } from './fused/norm';
import { softmax } from './fused/softmax';
import { elementwise } from './kernels/elementwise';
import { indexing } from './kernels/indexing';
import { linear } from './kernels/linear';
import { matmul } from './kernels/matmul';
import { reductions } from './kernels/reduce';

/** A kernel for each primitive. */
export function kernelTable(engine: Engine): KernelTable<number> {
  return { ...elementwise(engine), ...reductions(engine), ...indexing(engine), matmul: matmul(engine) };
}

/** Kernels for the fused ops. */
export function fusedTable(engine: Engine): FusedTable<number> {
  return {
    linear: linear(engine),
    embedding: embedding(engine),
    gelu: gelu(engine),
    silu: silu(engine),
    softmax: softmax(engine, false),
    logSoftmax: softmax(engine, true),
    layerNorm: norm(engine, true),
    rmsNorm: norm(engine, false),
    crossEntropy: crossEntropy(engine),
    dropout: dropout(engine),
    scaledDotProductAttention: attention(engine),
  };
}
