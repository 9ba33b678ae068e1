// Random programs: whatever ops follow one another, on whatever shapes and views, values and gradients are the reference's.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { gradients } from '../../src/autograd';
import type { Backend } from '../../src/backends/backend';
import { floats, type SampleInput } from '../../src/define';
import { gelu, silu } from '../../src/fused/activations';
import { scaledDotProductAttention } from '../../src/fused/attention';
import { linear } from '../../src/fused/linear';
import { layerNorm, rmsNorm } from '../../src/fused/norm';
import { logSoftmax, softmax } from '../../src/fused/softmax';
import { concat } from '../../src/ops/indexing';
import { matmul } from '../../src/ops/matmul';
import { cumsum, max, mean, sum } from '../../src/ops/reduce';
import { expand, slice, transpose } from '../../src/ops/views';
import { where } from '../../src/ops/where';
import type { Tensor } from '../../src/tensor';
import { holds, levels, wasm } from './against-reference';

type Step = (a: Tensor, b: Tensor) => Tensor;

// Steps take and give tensors of one shape, [rows, columns], of moderate size: so any order of them makes sense.
const steps: Readonly<Record<string, Step>> = {
  add: (a, b) => a.add(b),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
  'itself times itself': (a) => a.mul(a),
  tanh: (a) => a.tanh(),
  sigmoid: (a) => a.sigmoid(),
  gelu: (a) => gelu(a),
  silu: (a) => silu(a),
  sin: (a, b) => a.sin().sub(b.cos()),
  'safe division': (a, b) => a.div(b.mul(b).add(1)),
  'safe root': (a) => a.mul(a).add(0.5).sqrt(),
  'safe logarithm': (a) => a.mul(a).add(0.5).log(),
  softmax: (a) => softmax(a).mul(3),
  logSoftmax: (a) => logSoftmax(a).mul(0.3),
  layerNorm: (a) => layerNorm(a, { eps: 0.1 }),
  rmsNorm: (a, b) => rmsNorm(a, { eps: 0.1, weight: mean(b, { axis: 0 }) }),
  'softmax of columns': (a) => softmax(a, 0),
  'mean of rows': (a, b) => a.sub(mean(b, { axis: 1, keepdim: true })),
  'sum of columns': (a, b) => a.add(sum(b, { axis: 0, keepdim: true }).mul(0.1)),
  'a repeated row': (a, b) => expand(slice(a, [[0, 1]]), b.shape).mul(b),
  'a transposed product': (a, b) => matmul(a, matmul(transpose(b), a)).mul(0.05),
  linear: (a, b) => linear(a, matmul(transpose(b), b), { activation: 'gelu' }).mul(0.1),
  'halves, swapped': (a) => {
    const half = Math.ceil(a.shape[1] / 2);
    return concat([slice(a, [null, [half, a.shape[1]]]), slice(a, [null, [0, half]])], 1);
  },
  where: (a, b) => where(b.sigmoid().less(0.37), a, b.mul(0.5)),
  cumsum: (a) => cumsum(a, 0).mul(0.1),
  'less its greatest': (a) => a.sub(max(a, { axis: 1, keepdim: true }).detach()),
  attention: (a, b) => {
    const [q, k, v] = [a, b, transpose(transpose(a))].map((x) => x.reshape([1, 1, ...x.shape]));
    return scaledDotProductAttention(q, k, v, { causal: true }).reshape(a.shape);
  },
};
const names = Object.keys(steps);

/** A program: its ops, each with the numbers of the tensors that it reads. */
interface Program {
  readonly rows: number;
  readonly columns: number;
  readonly steps: readonly (readonly [name: string, i: number, j: number])[];
}

const program: fc.Arbitrary<Program> = fc.record({
  rows: fc.integer({ min: 1, max: 70 }),
  columns: fc.integer({ min: 1, max: 70 }),
  steps: fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(9), fc.nat(9)), { minLength: 1, maxLength: 9 }),
});

const inputsOf = ({ rows, columns }: Program): SampleInput[] => [
  floats([rows, columns], [-1.5, 1.5]),
  floats([rows, columns], [-1.5, 1.5]),
];

function run({ steps: list }: Program, x: Tensor, y: Tensor): Tensor {
  const made = [x, y];
  for (const [name, i, j] of list) {
    const next = steps[name](made[made.length - 1 - (i % made.length)], made[j % made.length]);
    made.push(next.tanh());
  }
  // Both inputs take part, so that both have a gradient.
  return made[made.length - 1].add(x.mul(y).mul(0.1));
}

describe.each(levels)('%s SIMD', (simd) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await wasm(simd, 2);
  });
  afterAll(() => backend.dispose());

  test('random programs', async () => {
    await fc.assert(
      fc.asyncProperty(program, (p) =>
        holds(backend, inputsOf(p), (x, y) => run(p, x, y), {
          tolerance: 2e-4,
        }),
      ),
      { numRuns: 150, seed: 1 },
    );
  });

  // Fused ops differentiate their composites here, in the middle of a graph: other ops read the same tensors.
  test('gradients of gradients of random programs', async () => {
    await fc.assert(
      fc.asyncProperty(program, (p) =>
        holds(
          backend,
          inputsOf(p),
          (x, y) => {
            const [dx, dy] = gradients(run(p, x, y).sum(), [x, y], { createGraph: true });
            return dx.mul(y).add(dy.mul(x));
          },
          { tolerance: 2e-3 },
        ),
      ),
      { numRuns: 60, seed: 2 },
    );
  });
});
