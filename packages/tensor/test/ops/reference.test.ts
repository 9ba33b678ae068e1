// Generated from the registry: shape rules, strides, leaks, and gradients of the reference against central differences.
import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/autograd';
import { bufferOf, dense as elements } from '../../src/backends/reference/buffer';
import { createReference } from '../../src/backends/reference/index';
import { scope } from '../../src/lifetime';
import { asFloats } from '../../src/op';
import { memory } from '../../src/storage';
import type { AnyTensor, Tensor } from '../../src/tensor';
import { on } from '../support/backends';
import { cases, weightsLike } from '../support/cases';
import { expectClose } from '../support/compare';
import { dense, strided } from '../support/samples';

const backend = createReference();

describe.each(cases())('$name', ({ name, run, sample, differentiable, infer }) => {
  it('has the shape and dtype that its rule says', () =>
    on(backend, () => {
      const before = memory().buffers;
      scope(() => {
        const inputs = sample.inputs.map((input, i) => dense(input, i + 1));
        const out = run(inputs);
        const meta = infer(inputs);
        expect(out.shape).toEqual(meta.shape);
        expect(out.dtype).toBe(meta.dtype);
        expect(bufferOf(out).length).toBe(out.size);
      });
      expect(memory().buffers).toBe(before);
    }));

  it('reads any strides', () =>
    on(backend, () =>
      scope(() => {
        const plain = run(sample.inputs.map((input, i) => dense(input, i + 1)));
        const views = run(sample.inputs.map((input, i) => strided(input, i + 1)));
        expectClose(elements(views), elements(plain), 1e-12, name);
      }),
    ));

  it.runIf(differentiable && sample.numeric !== false)('has the gradient that central differences give', () =>
    on(backend, () => {
      const before = memory().buffers;
      scope(() =>
        checkGradient(
          run,
          sample.inputs.map((input, i) => dense(input, i + 1)),
        ),
      );
      expect(memory().buffers).toBe(before);
    }),
  );
});

/** Elements of each input that are moved up and down; spread over larger inputs. */
const CHECKED = 32;

/** Σ w · f(x) with fixed odd weights, differentiated both ways in float64. */
function checkGradient(run: (inputs: readonly AnyTensor[]) => AnyTensor, inputs: readonly AnyTensor[]): void {
  const floats = asFloats(inputs.filter((x) => x.dtype === 'float32'));
  for (const x of floats) x.requireGrad();
  const [y] = asFloats([run(inputs)]);
  const seed = weightsLike(y);
  const found = gradients(y, floats, { gradient: seed });
  floats.forEach((x, n) => {
    const buffer = bufferOf(x);
    const analytic = elements(found[n]);
    const picked = Array.from({ length: Math.min(x.size, CHECKED) }, (_, i) =>
      Math.floor((i * x.size) / Math.min(x.size, CHECKED)),
    );
    const numeric = picked.map((i) => {
      const held = buffer[i];
      const h = 1e-5;
      buffer[i] = held + h;
      const up = weighted(run(inputs), seed);
      buffer[i] = held - h;
      const down = weighted(run(inputs), seed);
      buffer[i] = held;
      return (up - down) / (2 * h);
    });
    expectClose(
      picked.map((i) => analytic[i]),
      numeric,
      1e-6,
      `gradient of input ${n}`,
    );
  });
}

function weighted(y: AnyTensor, weights: Tensor): number {
  const w = elements(weights);
  let total = 0;
  elements(y).forEach((value: number, i: number) => {
    total += value * w[i];
  });
  return total;
}
