// Kernels on shapes that are no multiple of any block, on zero-size axes, on broadcast and strided operands.
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { bools, floats, ints, type SampleInput } from '../../src/define';
import { crossEntropy } from '../../src/fused/cross-entropy';
import { dropout } from '../../src/fused/dropout';
import { embedding } from '../../src/fused/embedding';
import { layerNorm, rmsNorm } from '../../src/fused/norm';
import { logSoftmax, softmax } from '../../src/fused/softmax';
import { concat, gather, pad, scatterAdd, take } from '../../src/ops/indexing';
import { cumsum, max, sum } from '../../src/ops/reduce';
import { expand, permute, slice } from '../../src/ops/views';
import { where } from '../../src/ops/where';
import { Generator } from '../../src/random';
import type { AnyTensor, Tensor } from '../../src/tensor';
import { holds, levels, wasm } from './against-reference';

type Row = readonly [
  name: string,
  inputs: readonly SampleInput[],
  f: (...x: Tensor[]) => AnyTensor,
  options?: { tolerance?: number; differentiable?: boolean },
];

const f = floats;
const int = (x: AnyTensor): Tensor<'int32'> => x as Tensor<'int32'>;

const rows: readonly Row[] = [
  ['add of a row', [f([37, 19]), f([19])], (a, b) => a.add(b)],
  ['mul by a column', [f([37, 19]), f([37, 1])], (a, b) => a.mul(b)],
  ['sub of a scalar tensor', [f([5, 1031]), f([])], (a, b) => a.sub(b)],
  ['div, outer product', [f([41, 1], [1, 2]), f([1, 43], [1, 2])], (a, b) => a.div(b)],
  ['five broadcast axes', [f([3, 1, 4, 1, 5]), f([2, 1, 6, 1])], (a, b) => a.mul(b)],
  ['add of more than one chunk', [f([3, 16_411]), f([16_411])], (a, b) => a.add(b)],
  ['a tensor and itself', [f([1029])], (a) => a.mul(a).add(a)],
  ['where with broadcast sides', [bools([9, 1, 7]), f([5, 1]), f([9, 5, 7])], (c, a, b) => where(c, a, b)],
  [
    'a slice with a step',
    [f([33, 21])],
    (a) =>
      slice(a, [
        [1, 30, 3],
        [2, 19],
      ]).exp(),
  ],
  ['zero elements', [f([3, 0, 2]), f([2])], (a, b) => a.add(b).exp()],
  ['copy of a transpose', [f([67, 45])], (a) => permute(a, [1, 0]).mul(1)],
  ['copy of permuted heads', [f([3, 17, 5, 12])], (a) => permute(a, [0, 2, 1, 3]).add(0)],
  ['copy of an expanded axis', [f([1, 29])], (a) => expand(a, [31, 29]).mul(2)],
  ['sum of all, in parts', [f([3, 70_001])], (a) => sum(a)],
  ['sum of rows', [f([70, 131])], (a) => sum(a, { axis: 1 })],
  ['sum of columns, in parts', [f([1100, 83])], (a) => sum(a, { axis: 0 })],
  ['sum of a middle axis', [f([7, 33, 50])], (a) => sum(a, { axis: 1 })],
  ['sum of outer and inner axes', [f([7, 33, 5])], (a) => sum(a, { axis: [0, 2] })],
  ['sum of an expanded tensor', [f([1, 40])], (a) => sum(expand(a, [600, 40]), { axis: 0 })],
  ['sum of nothing', [f([4, 0])], (a) => sum(a, { axis: 1 })],
  ['max of all, in parts', [f([40_007], [-1, 1], 1e-6)], (a) => max(a), { differentiable: false }],
  ['max of columns', [f([50, 39], [-2, 2], 1e-3)], (a) => max(a, { axis: 0 })],
  ['cumsum', [f([5, 301, 3])], (a) => cumsum(a, 1)],
  ['softmax of wide rows', [f([9, 1027], [-8, 8])], (a) => softmax(a)],
  ['softmax of narrow rows', [f([1030, 3], [-8, 8])], (a) => softmax(a)],
  ['logSoftmax', [f([11, 517], [-8, 8])], (a) => logSoftmax(a)],
  [
    'layerNorm',
    [f([131, 70]), f([70]), f([70])],
    (x, weight, bias) => layerNorm(x, { weight, bias }),
    { tolerance: 2e-5 },
  ],
  ['layerNorm of one column', [f([9, 1]), f([1]), f([1])], (x, weight, bias) => layerNorm(x, { weight, bias })],
  ['rmsNorm', [f([67, 133]), f([133])], (x, weight) => rmsNorm(x, { weight })],
  ['dropout', [f([61, 37])], (x) => dropout(x, 0.3, { generator: new Generator(3) })],
  ['embedding of repeated ids', [f([301, 21]), ints([7, 43], [0, 301])], (w, i) => embedding(w, i)],
  ['take of a view', [f([50, 6, 3]), ints([4, 5], [0, 50])], (t, i) => take(t, int(i))],
  ['gather of a middle axis', [f([5, 31, 7]), ints([5, 9, 7], [0, 31])], (x, i) => gather(x, 1, int(i))],
  ['scatterAdd', [f([12, 9]), ints([33, 9], [0, 12]), f([33, 9])], (base, i, x) => scatterAdd(base, 0, int(i), x)],
  ['concat of inner axes', [f([9, 3, 5]), f([9, 4, 5]), f([9, 0, 5])], (a, b, c) => concat([a, b, c], 1)],
  ['pad on all sides', [f([7, 5, 3])], (x) => pad(x, [1, 0, 2], [2, 3, 1], -1)],
  ['crossEntropy of many classes', [f([19, 1025], [-6, 6]), ints([19], [0, 1025])], (x, i) => crossEntropy(x, int(i))],
  [
    'crossEntropy, smoothed, weighted, ignored',
    [f([40, 11], [-6, 6]), ints([40], [0, 11]), f([11], [0.5, 2])],
    (x, i, weight) => crossEntropy(x, int(i), { weight, labelSmoothing: 0.1, ignoreIndex: 4 }),
  ],
];

describe.each(levels)('%s SIMD', (simd) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await wasm(simd, 2);
  });
  afterAll(() => backend.dispose());

  for (const [name, inputs, run, options] of rows) test(name, () => holds(backend, inputs, run, options));
});
