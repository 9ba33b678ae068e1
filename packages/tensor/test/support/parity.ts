// Holds a backend against the reference: every op × sample, forward and backward, on inputs that are dense, strided, or
// stretched from fewer elements.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { memory } from '../../src/storage';
import { on, onReference } from './backends';
import { type Case, cases } from './cases';
import { expectClose } from './compare';
import { run } from './run-case';
import { dense, repeatedColumns, repeatedRows, strided } from './samples';

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
      // Where an op orders values, repeated ones have no order to compare; and gradients of them cancel to rounding.
      const isOrdered = c.sample.inputs.some((input) => input.apart !== undefined);
      for (const make of isOrdered ? [] : [repeatedRows, repeatedColumns]) {
        const { output } = await onReference(() => run(c, make));
        const actual = await on(backend, () => run(c, make));
        // A norm of equal values is nothing but its rounding, divided by √eps.
        if (Array.from(output).every((y) => y === 0))
          expect(Math.max(0, ...Array.from(actual.output, Math.abs)), `output (${make.name})`).toBeLessThan(1e-3);
        else expectClose(actual.output, output, bound, `output (${make.name})`);
      }
      expect(memory().buffers).toBe(before);
    });
  });
}
