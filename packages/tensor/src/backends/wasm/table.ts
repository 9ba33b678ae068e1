// The wasm backend's tables: a row for every primitive (a missing one is a compile error), and for the fused ops.
import type { AnyTensor } from '../../tensor';
import type { FusedKernel, FusedTable, Kernel, KernelTable, Meta } from '../backend';
import type { Engine } from './engine/engine';
import { dropout, gelu, silu } from './fused/activations';
import { attention } from './fused/attention';
import { crossEntropy } from './fused/cross-entropy';
import { embedding } from './fused/embedding';
import { norm } from './fused/norm';
import { softmax } from './fused/softmax';
import { guard } from './guard';
import { elementwise } from './kernels/elementwise';
import { indexing } from './kernels/indexing';
import { linear } from './kernels/linear';
import { linearHalf, linearInt8, widenHalf } from './kernels/linear-packed';
import { matmul } from './kernels/matmul';
import { reductions } from './kernels/reduce';

/** A kernel for each primitive. */
export function kernelTable(engine: Engine): KernelTable<number> {
  const rows = { ...elementwise(engine), ...reductions(engine), ...indexing(engine), matmul: matmul(engine) };
  return guardAll(engine, rows satisfies KernelTable<number>);
}

/** Kernels for the fused ops. */
export function fusedTable(engine: Engine): FusedTable<number> {
  const row = <Attrs>(name: string, kernels: FusedKernel<Attrs, number>): FusedKernel<Attrs, number> =>
    fusedRow(engine, name, kernels);
  return {
    linear: row('linear', linear(engine)),
    linearInt8: row('linearInt8', linearInt8(engine)),
    linearHalf: row('linearHalf', linearHalf(engine)),
    widenHalf: row('widenHalf', widenHalf(engine)),
    embedding: row('embedding', embedding(engine)),
    gelu: row('gelu', gelu(engine)),
    silu: row('silu', silu(engine)),
    softmax: row('softmax', softmax(engine, false)),
    logSoftmax: row('logSoftmax', softmax(engine, true)),
    layerNorm: row('layerNorm', norm(engine, true)),
    rmsNorm: row('rmsNorm', norm(engine, false)),
    crossEntropy: row('crossEntropy', crossEntropy(engine)),
    dropout: row('dropout', dropout(engine)),
    scaledDotProductAttention: row('scaledDotProductAttention', attention(engine)),
  };
}

const first = (inputs: readonly AnyTensor[]): readonly AnyTensor[] => inputs;

// What is made of nothing is told by its own size.
const inputsOrOutput = (inputs: readonly AnyTensor[], output: Meta): readonly Pick<Meta, 'shape'>[] =>
  inputs.length === 0 ? [output] : inputs;

function guardAll(engine: Engine, rows: KernelTable<number>): KernelTable<number> {
  const guarded = Object.entries(rows).map(([name, row]) => {
    const kernel: Kernel<never, number> = row;
    return [name, guard(engine, name, kernel, inputsOrOutput)];
  });
  return Object.fromEntries(guarded) as KernelTable<number>;
}

function fusedRow<Attrs>(
  engine: Engine,
  name: string,
  { forward, backward }: FusedKernel<Attrs, number>,
): FusedKernel<Attrs, number> {
  return {
    forward: guard(engine, name, forward, first),
    backward: guard(engine, `backward of ${name}`, backward, (_, { inputs }) => inputs),
  };
}
