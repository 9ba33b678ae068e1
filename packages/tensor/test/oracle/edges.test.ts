// Zeros, ties, empty axes and the ends of int32, with gradients, against PyTorch.
import { expect, test } from 'vitest';
import {
  type AnyTensor,
  all,
  any,
  argmax,
  argmin,
  binaryCrossEntropy,
  clamp,
  crossEntropy,
  cumsum,
  gradients,
  huberLoss,
  linear,
  maskedFill,
  mean,
  memory,
  min,
  mod,
  mul,
  norm,
  pow,
  type Reduction,
  relu,
  scope,
  softplus,
  sum,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index';
import {
  type Case,
  casesOf,
  constant,
  expectTensor,
  functionOf,
  leaf,
  onBothBackends,
  testCoverage,
  type Values,
} from './fixture';

interface Config {
  readonly order: number | 'least';
  readonly low: number;
  readonly high: number;
  readonly axis?: number;
  readonly keepdim?: boolean;
  readonly reduction?: Reduction;
  readonly labelSmoothing?: number;
}

interface Given {
  readonly config: Config;
  /** The first input: a leaf where PyTorch gives a gradient of it. */
  readonly x: AnyTensor;
  /** Any input as a float. */
  float(name: string): Tensor;
  readonly inputs: Readonly<Record<string, Values>>;
}

const closed = ({ inputs, float }: Given): Tensor =>
  maskedFill(float('x'), constant(inputs['closed'], 'bool'), Number.NEGATIVE_INFINITY);

// By the part of a case's name before its colon.
const functions: Readonly<Record<string, (given: Given) => AnyTensor>> = {
  softplus: ({ float }) => softplus(float('x')),
  binaryCrossEntropy: ({ float, inputs }) =>
    binaryCrossEntropy(float('x'), float('target'), {
      reduction: 'none',
      ...('positive' in inputs ? { positiveWeight: float('positive') } : {}),
    }),
  clamp: ({ float, config }) => clamp(float('x'), config.low, config.high),
  huberLoss: ({ float }) => huberLoss(float('x'), zeros(float('x').shape), { reduction: 'none' }),
  powScalar: ({ x, config }) => pow(x, Number(config.order)),
  pow: ({ float }) => pow(float('x'), float('y')),
  mod: ({ float }) => mod(float('x'), float('y')),
  norm: ({ x, config: { order, ...rest } }) =>
    norm(x, { ...rest, order: order === 'least' ? Number.NEGATIVE_INFINITY : order }),
  min: ({ x, config }) => min(x, config),
  argmin: ({ x, config }) => argmin(x, config),
  argmax: ({ x, config }) => argmax(x, config),
  any: ({ x, config }) => any(x, config),
  all: ({ x, config }) => all(x, config),
  'far crossEntropy': ({ float, inputs, config }) =>
    crossEntropy(float('x'), constant(inputs['target'], 'int32'), config),
  relu: ({ float }) => relu(float('x')),
  linear: ({ float }) => linear(float('x'), float('weight'), { activation: 'relu' }),
  crossEntropy: (given) => crossEntropy(closed(given), constant(given.inputs['target'], 'int32'), given.config),
};

const cases = casesOf<Case<Config>>('edges');
testCoverage(cases, functions);

onBothBackends(() => {
  test.each(cases)('$name', async ({ name, config, inputs, upstream, outputs, grads }) => {
    const made: Record<string, Tensor> = {};
    const float = (key: string): Tensor => {
      made[key] ??= key in grads ? leaf(inputs[key]) : constant(inputs[key], 'float32');
      return made[key];
    };
    const { dtype } = inputs['x'];
    const x = dtype === 'float32' ? float('x') : constant(inputs['x'], dtype);
    const out = functions[functionOf(name)]({ config, inputs, x, float });
    if (upstream !== undefined) mul(out, constant(upstream, out.dtype)).sum().cast('float32').backward();
    await expectTensor(out.cast('float32'), outputs['out'], 'out');
    for (const [key, expected] of Object.entries(grads)) await expectTensor(made[key].grad, expected, `d ${key}`);
  });

  test('softplus has its second slope at 0', async () => {
    const x = tensor([0], { requiresGrad: true });
    const [slope] = gradients(softplus(x).sum(), [x], { createGraph: true });
    const [second] = gradients(slope.sum(), [x]);
    expect(await second.item()).toBeCloseTo(0.25, 6);
  });

  test('a mean over targets that are all ignored is NaN, and its gradient zero', async () => {
    const x = tensor([[1, 2, 3]], { requiresGrad: true });
    const loss = crossEntropy(x, [-100]);
    loss.backward();
    expect([await loss.item(), ...((await x.grad?.data()) ?? [])]).toEqual([Number.NaN, 0, 0, 0]);
  });

  test('products of int32 keep their low 32 bits', async () => {
    const a = [2147483647, -2147483648, 123456789, -987654321];
    const b = [2147483647, -2147483648, 987654321, 65537];
    const expected = a.map((n, i) => Number(BigInt.asIntN(32, BigInt(n) * BigInt(b[i]))));
    const [x, y] = [a, b].map((list) => tensor(list, { dtype: 'int32' }));
    expect([...(await x.mul(y).data())]).toEqual(expected);
    const scaled = a.map((n) => Number(BigInt.asIntN(32, BigInt(n) * 987654321n)));
    expect([...(await x.mul(987654321).data())]).toEqual(scaled);
  });

  test('clamp takes one bound', async () => {
    const x = tensor([-2, 0, 5], { dtype: 'int32' });
    expect([...(await clamp(x, 0, Number.POSITIVE_INFINITY).data())]).toEqual([0, 0, 5]);
    expect([...(await clamp(x, Number.NEGATIVE_INFINITY, 1).data())]).toEqual([-2, 0, 1]);
    expect(() => clamp(x, Number.NaN, 1)).toThrow('clamp: low: expected a number, infinite for no bound, got NaN');
  });

  test('sums of int32 are exact, or refused', async () => {
    const x = tensor([2147483647, 1, -1, -2147483648], { dtype: 'int32' });
    expect(await sum(x).item()).toBe(-1);
    const columns = Array.from({ length: 40_000 }, (_, i) => (i % 2 === 0 ? 2147483647 : -2147483647));
    const long = tensor(columns, { dtype: 'int32' });
    expect([...(await sum(long.reshape([20_000, 2]), { axis: 1 }).data())].every((total) => total === 0)).toBe(true);
    expect(await sum(long).item()).toBe(0);
    expect([...(await cumsum(x.slice([[1, 4]]), 0).data())]).toEqual([1, 0, -2147483648]);
    const least = x.slice([[2, 4]]);
    for (const [op, wrong] of [
      ['sum', () => sum(x.slice([[0, 2]]))],
      ['sum', () => sum(least)],
      ['sum', () => sum(long.reshape([20_000, 2]), { axis: 0 })],
      ['cumsum', () => cumsum(x, 0)],
    ] as const) {
      const before = memory().buffers;
      expect(() => scope(wrong)).toThrow(`${op}: x: expected int32 whose sums fit int32`);
      expect(memory().buffers).toBe(before);
    }
    expect(await mean(x.slice([[0, 2]])).item()).toBe(2 ** 30);
  });

  test('argmax and argmin of nothing are refused', () => {
    const x = tensor(new Float32Array(0), { shape: [2, 0] });
    expect(() => argmax(x, { axis: 1 })).toThrow('argmax: x: expected at least one element');
    expect(() => argmin(x)).toThrow('argmin: x: expected at least one element');
  });

  test('an axis in place of options is refused', () => {
    // @ts-expect-error: what PyTorch's users may write
    expect(() => tensor([[1, 2]]).sum(1)).toThrow('sum: options: expected an object such as { axis: 0 }, got 1');
  });
});
