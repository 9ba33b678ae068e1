// Gradients of gradients, generated from the registry: the gradient of every op, itself a graph of public ops, is
// differentiated again and held against central differences of the first gradient, in float64.
import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/autograd';
import { bufferOf, dense as elements } from '../../src/backends/reference/buffer';
import { createReference } from '../../src/backends/reference/index';
import { GraphError } from '../../src/errors';
import { scope } from '../../src/lifetime';
import { asFloats } from '../../src/op';
import { upload } from '../../src/ops/create';
import { Generator } from '../../src/random';
import { memory } from '../../src/storage';
import type { Tensor } from '../../src/tensor';
import { on } from '../support/backends';
import { type Case, cases, weightsLike } from '../support/cases';
import { dense } from '../support/samples';

const backend = createReference();
const differentiable = cases().filter((c) => c.differentiable && c.sample.numeric !== false);

describe.each(differentiable)('$name', (c) => {
  it('has the second derivatives that central differences give', () =>
    on(backend, () => {
      const before = memory().buffers;
      const { analytic, numeric, scale } = scope(() => secondDerivative(c));
      expect(Math.abs(analytic - numeric)).toBeLessThanOrEqual(2e-5 * (Math.abs(numeric) + scale));
      expect(memory().buffers).toBe(before);
    }));
});

/**
 * With s = Σ v · ∂(Σ w · f)/∂x: its derivative along one direction, by the graph and by central differences. `scale` is
 * that of the terms which are added up, so that cancellation isn't taken for a mistake.
 */
function secondDerivative(c: Case): { analytic: number; numeric: number; scale: number } {
  const inputs = c.sample.inputs.map((input, i) => dense(input, i + 1));
  const floats = asFloats(inputs.filter((x) => x.dtype === 'float32'));
  for (const x of floats) x.requireGrad();
  const [weights, directions] = [1, 2].map((seed) => {
    const generator = new Generator(seed);
    return floats.map((x) => Float32Array.from(generator.uniform(x.size), (u) => 2 * u - 1));
  });

  const first = (createGraph: boolean): Tensor[] => {
    const [y] = asFloats([c.run(inputs)]);
    return gradients(y, floats, { gradient: weightsLike(y), createGraph });
  };
  const slope = (by: number): number => {
    floats.forEach((x, n) => {
      const buffer = bufferOf(x);
      directions[n].forEach((d, i) => {
        buffer[i] += by * d;
      });
    });
    const found = first(false).map((g) => elements(g));
    floats.forEach((x, n) => {
      const buffer = bufferOf(x);
      directions[n].forEach((d, i) => {
        buffer[i] -= by * d;
      });
    });
    return dot(found, weights);
  };

  const h = 1e-5;
  const numeric = (slope(h) - slope(-h)) / (2 * h);
  const [total] = first(true)
    .map((g, n) => g.mul(upload(weights[n], floats[n].shape, 'float32', 'weights')).sum())
    .reduce<Tensor[]>(([sum], term) => [sum === undefined ? term : sum.add(term)], []);
  const found = secondOf(total, floats);
  const sizes = found.flatMap((g, n) => Array.from(directions[n], (d, i) => Math.abs(d * g[i])));
  return { analytic: dot(found, directions), numeric, scale: Math.max(1e-2, ...sizes) };
}

/** Where the op is linear in an input, its gradient doesn't depend on that, and there is nothing to differentiate. */
function secondOf(total: Tensor, floats: readonly Tensor[]): readonly ArrayLike<number>[] {
  return floats.map((x) => {
    try {
      return elements(gradients(total, [x], { retainGraph: true })[0]);
    } catch (error) {
      if (error instanceof GraphError) return new Float64Array(x.size);
      throw error;
    }
  });
}

function dot(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number {
  return a.reduce((sum, values, n) => sum + Array.from(values, (x, i) => x * b[n][i]).reduce((s, x) => s + x, 0), 0);
}
