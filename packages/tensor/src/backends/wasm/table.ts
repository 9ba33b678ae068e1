// The wasm backend's tables: a row for every primitive (a missing one is a compile error), and for the fused ops.
import type { FusedKernel, FusedTable, Kernel, KernelTable } from '../backend';
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
import { linearInt8 } from './kernels/linear-int8';
import { matmul } from './kernels/matmul';
import { reductions } from './kernels/reduce';

/** A kernel for each primitive. */
export function kernelTable(engine: Engine): KernelTable<number> {
  const rows = { ...elementwise(engine), ...reductions(engine), ...indexing(engine), matmul: matmul(engine) };
  return guardAll(engine, rows satisfies KernelTable<number>);
}

/** Kernels for the fused ops. */
export function fusedTable(engine: Engine): FusedTable<number> {
  return {
    linear: pair(engine, linear(engine)),
    linearInt8: pair(engine, linearInt8(engine)),
    embedding: pair(engine, embedding(engine)),
    gelu: pair(engine, gelu(engine)),
    silu: pair(engine, silu(engine)),
    softmax: pair(engine, softmax(engine, false)),
    logSoftmax: pair(engine, softmax(engine, true)),
    layerNorm: pair(engine, norm(engine, true)),
    rmsNorm: pair(engine, norm(engine, false)),
    crossEntropy: pair(engine, crossEntropy(engine)),
    dropout: pair(engine, dropout(engine)),
    scaledDotProductAttention: pair(engine, attention(engine)),
  };
}

// A kernel that fails half-way, out of memory or on a bad index, leaves no buffer behind. Forward kernels hand buffers
// to `save` last, so what is rolled back is never the graph's.
function guard<Args extends readonly unknown[], R>(engine: Engine, kernel: (...args: Args) => R): (...args: Args) => R {
  return (...args) => {
    engine.begin();
    try {
      return kernel(...args);
    } catch (error) {
      engine.rollback();
      throw error;
    }
  };
}

function guardAll(engine: Engine, rows: KernelTable<number>): KernelTable<number> {
  const guarded = Object.entries(rows).map(([name, kernel]) => [name, guard(engine, kernel as Kernel<never, number>)]);
  return Object.fromEntries(guarded) as KernelTable<number>;
}

function pair<Attrs>(engine: Engine, row: FusedKernel<Attrs, number>): FusedKernel<Attrs, number> {
  return { forward: guard(engine, row.forward), backward: guard(engine, row.backward) };
}
