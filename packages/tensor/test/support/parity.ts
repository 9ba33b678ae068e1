// Holds a backend against the reference: every op × sample, forward and backward, on dense and on strided inputs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gradients } from '../../src/autograd';
import type { Backend } from '../../src/backends/backend';
import { scope } from '../../src/lifetime';
import { asFloats } from '../../src/op';
import { memory } from '../../src/storage';
import type { AnyTensor, Tensor } from '../../src/tensor';
import { on, onReference } from './backends';
import { type Case, cases, weightsLike } from './cases';
import { expectClose } from './compare';
import { dense, strided } from './samples';

/** What one run of a case gives on the host. */
interface Result {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly output: ArrayLike<number>;
  readonly gradients: readonly ArrayLike<number>[];
}

/** Options of `describeParity`. */
export interface ParityOptions {
  /** Which cases run; all where nothing is said. */
  readonly only?: (c: Case) => boolean;
  /** A tolerance for ops that can't meet their own on this backend. */
  readonly tolerance?: (c: Case) => number;
  /** Asserts that what runs is what was meant to. */
  readonly proof: (backend: Backend) => void;
}

/** Describes the parity of a backend, which is made once and disposed at the end. */
export function describeParity(
  name: string,
  create: () => Promise<Backend>,
  { only, tolerance, proof }: ParityOptions,
): void {
  describe(name, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await create();
    });
    afterAll(async () => {
      await backend.dispose();
    });

    it('runs what it says', () => proof(backend));

    it.each(cases().filter(only ?? (() => true)))('$name', async (c) => {
      const bound = tolerance?.(c) ?? c.tolerance;
      const expected = await onReference(() => run(c, dense));
      const before = memory().buffers;
      for (const make of [dense, strided]) {
        const actual = await on(backend, () => run(c, make));
        expect(actual.shape).toEqual(expected.shape);
        expect(actual.dtype).toBe(expected.dtype);
        expectClose(actual.output, expected.output, bound, `output (${make.name})`);
        actual.gradients.forEach((g, i) => {
          expectClose(g, expected.gradients[i], bound, `gradient of input ${i} (${make.name})`);
        });
      }
      expect(memory().buffers).toBe(before);
    });
  });
}

async function run(c: Case, make: typeof dense): Promise<Result> {
  const kept: AnyTensor[] = [];
  const alive = scope(() => {
    const inputs = c.sample.inputs.map((input, i) => make(input, i + 1).detach());
    const floats = asFloats(inputs.filter((x) => x.dtype === 'float32'));
    if (c.differentiable) for (const x of floats) x.requireGrad();
    const output = c.run(inputs);
    const [y] = asFloats([output]);
    const found: Tensor[] = c.differentiable ? gradients(y, floats, { gradient: weightsLike(y) }) : [];
    return { output, found };
  });
  kept.push(alive.output, ...alive.found);
  try {
    return {
      shape: alive.output.shape,
      dtype: alive.output.dtype,
      output: await alive.output.data(),
      gradients: await Promise.all(alive.found.map((g) => g.data())),
    };
  } finally {
    for (const t of kept) t.dispose();
  }
}
