// Runs a function of tensors on the wasm backend and on the reference, with gradients, and compares.
import { gradients } from '../../src/autograd';
import type { Backend } from '../../src/backends/backend';
import { hasRelaxedSimd } from '../../src/backends/wasm/engine/features';
import { createWasm } from '../../src/backends/wasm/index';
import type { SampleInput } from '../../src/define';
import { scope } from '../../src/lifetime';
import { asFloats } from '../../src/op';
import type { AnyTensor, Tensor } from '../../src/tensor';
import { on, onReference } from '../support/backends';
import { weightsLike } from '../support/cases';
import { expectClose } from '../support/compare';
import { dense, strided } from '../support/samples';

/** SIMD levels that this runtime has. */
export const levels = hasRelaxedSimd() ? (['plain', 'relaxed'] as const) : (['plain'] as const);

/** A wasm backend without a native BLAS. */
export function wasm(simd: (typeof levels)[number], threads = 1): Promise<Backend<number>> {
  return createWasm({ simd, threads, blas: 'off' });
}

/** What a function gives: its result and the gradients of its float inputs. */
export type Results = ArrayLike<number>[];

/** Result and gradients on the backend in use. */
export async function evaluate(
  inputs: readonly SampleInput[],
  f: (...x: Tensor[]) => AnyTensor,
  make: typeof dense = dense,
  differentiable = true,
): Promise<Results> {
  const kept = scope(() => {
    const tensors = asFloats(inputs.map((input, i) => make(input, i + 1).detach()));
    const floats = tensors.filter((_, i) => inputs[i].dtype === 'float32');
    if (differentiable) for (const x of floats) x.requireGrad();
    const [y] = asFloats([f(...tensors)]);
    return [y, ...(differentiable ? gradients(y, floats, { gradient: weightsLike(y) }) : [])];
  });
  try {
    return await Promise.all(kept.map((t) => t.data()));
  } finally {
    for (const t of kept) t.dispose();
  }
}

/** Fails where the backend strays from the reference, on dense inputs or on strided ones. */
export async function holds(
  backend: Backend,
  inputs: readonly SampleInput[],
  f: (...x: Tensor[]) => AnyTensor,
  { tolerance = 1e-5, differentiable = true } = {},
): Promise<void> {
  const expected = await onReference(() => evaluate(inputs, f, dense, differentiable));
  for (const make of [dense, strided]) {
    const actual = await on(backend, () => evaluate(inputs, f, make, differentiable));
    expected.forEach((values, i) => {
      expectClose(actual[i], values, tolerance, `${i === 0 ? 'result' : `gradient ${i - 1}`} (${make.name})`);
    });
  }
}
