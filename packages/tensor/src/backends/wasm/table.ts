// The wasm backend's tables: a row for every primitive (a missing one is a compile error), and for the fused ops.
import type { FusedTable, KernelTable } from '../backend';
import type { Engine } from './engine/engine';
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
  };
}
