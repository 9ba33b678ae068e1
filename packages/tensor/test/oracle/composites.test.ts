// Ops that are made of others, with their gradients, against PyTorch; and what einsum refuses.
import { beforeAll, describe, expect, test } from 'vitest';
import {
  ArgumentError,
  einsum,
  flatten,
  init,
  maskedFill,
  max,
  min,
  norm,
  oneHot,
  ones,
  pad,
  ShapeError,
  select,
  sort,
  split,
  squeeze,
  stack,
  std,
  type Tensor,
  topk,
  unsqueeze,
  variance,
} from '../../src/index';
import { type Case, casesOf, constant, expectTensor, functionOf, leaf, onBothBackends, testCoverage } from './fixture';

interface Config {
  readonly equation: string;
  readonly axis: number;
  readonly k: number;
  readonly descending: boolean;
  readonly correction?: number;
  readonly order?: 1;
  readonly value: number;
  readonly classes: number;
  readonly sizes: number | readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly index: number;
}

interface Given {
  readonly x: Tensor;
  readonly y: Tensor;
  /** All inputs, in order. */
  readonly all: readonly Tensor[];
  readonly config: Config;
  readonly inputs: Case<Config>['inputs'];
}

// By the part of a case's name before its colon. Two results are values and positions.
const functions: Readonly<Record<string, (given: Given) => Tensor | readonly [Tensor, Tensor<'int32'>]>> = {
  einsum: ({ all, config }) => einsum(config.equation, all),
  topk: ({ x, config }) => pairOf(topk(x, config.k, config.axis)),
  sort: ({ x, config }) => pairOf(sort(x, config)),
  min: ({ x, config }) => min(x, config),
  max: ({ x, config }) => max(x, config),
  variance: ({ x, config }) => variance(x, config),
  std: ({ x, config }) => std(x, config),
  norm: ({ x, config }) => norm(x, config),
  maskedFill: ({ x, inputs, config }) => maskedFill(x, constant(inputs['mask'], 'bool'), config.value),
  oneHot: ({ x, inputs, config }) => oneHot(constant(inputs['ids'], 'int32'), config.classes).mul(x),
  stack: ({ x, y, config }) => stack([x, y], config.axis),
  split: ({ x, y, config: { sizes, axis } }) =>
    typeof sizes === 'number'
      ? split(x, sizes, axis)[1].mul(split(y, sizes, axis)[0])
      : split(x, sizes, axis)[1].sub(split(y, [2, 1], axis)[0]),
  pad: ({ x, y, config: { before, after, value } }) => pad(x.mul(y), before, after, value),
  flatten: ({ x, y, config: { from, to } }) => flatten(x, from, to).mul(flatten(y, from, to)),
  squeeze: ({ x, y, config: { axis } }) => squeeze(unsqueeze(x, axis).mul(unsqueeze(y, axis)), axis),
  select: ({ x, y, config: { axis, index } }) => select(x, axis, index).mul(select(y, axis, index)),
};

const pairOf = ({ values, indices }: { readonly values: Tensor; readonly indices: Tensor<'int32'> }) =>
  [values, indices] as const;

const cases = casesOf<Case<Config>>('composites');
testCoverage(cases, functions);

onBothBackends(() => {
  test.each(cases)('$name', async ({ name, config, inputs, upstream, outputs, grads }) => {
    const x = Object.fromEntries(Object.keys(grads).map((key) => [key, leaf(inputs[key])]));
    const result = functions[functionOf(name)]({ x: x['x'], y: x['y'], all: Object.values(x), config, inputs });
    const [out, indices] = 'shape' in result ? [result] : result;
    (upstream === undefined ? out : out.mul(constant(upstream, 'float32')).sum()).backward();
    await expectTensor(out, outputs['out'], 'out');
    if (indices !== undefined) expect(Array.from(await indices.data())).toEqual(outputs['indices'].data);
    for (const [key, expected] of Object.entries(grads)) await expectTensor(x[key].grad, expected, `d ${key}`);
  });
});

describe('einsum refuses', () => {
  beforeAll(() => init());

  test.each<[string, string, readonly (readonly number[])[], new (...args: never) => Error]>([
    ['what is no equation', 'i+j', [[2]], ArgumentError],
    ['two ellipses in a term', '...i...', [[2]], ArgumentError],
    ['another number of tensors', 'i,j', [[2]], ArgumentError],
    ['an output label that no term has', 'i->j', [[2]], ArgumentError],
    ['an output label twice', 'ij->ii', [[2, 2]], ArgumentError],
    ['too few axes', 'ijk', [[2, 2]], ShapeError],
    ['fewer axes than stand beside the ellipsis', '...ijk', [[2, 2]], ShapeError],
    ['too many axes', 'i', [[2, 2]], ShapeError],
    [
      'a label with two sizes',
      'ij,jk',
      [
        [2, 3],
        [4, 5],
      ],
      ShapeError,
    ],
    ['a diagonal of a matrix that is not square', 'ii', [[2, 3]], ShapeError],
    [
      'ellipses that do not fit',
      '...,...',
      [
        [2, 3],
        [2, 4],
      ],
      ShapeError,
    ],
  ])('%s', (_, equation, shapes, error) => {
    expect(() =>
      einsum(
        equation,
        shapes.map((shape) => ones(shape)),
      ),
    ).toThrow(error);
  });
});
