// Wrong arguments: every one is met with a typed error that names op and argument, and leaves no memory behind.
import { beforeAll, describe, expect, test } from 'vitest';
import * as H from '../src/index';
import {
  assign,
  buffer,
  Conv1d,
  Dropout,
  Embedding,
  halvable,
  LayerNorm,
  Linear,
  Parameter,
  quantizable,
  RMSNorm,
  Sequential,
  skipInit,
} from '../src/nn/index';
import * as O from '../src/optim/index';

// What plain JavaScript may pass.
const wrong = (value: unknown): never => value as never;

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

interface Operands {
  readonly x: H.Tensor;
  readonly row: H.Tensor;
  readonly ids: H.Tensor<'int32'>;
  readonly flags: H.Tensor<'bool'>;
  readonly gone: H.Tensor;
  readonly parameter: Parameter;
  readonly layer: LayerNorm;
  readonly conv: Conv1d;
}

// `op: argument` as the message begins, and the call.
const calls: readonly (readonly [string, (given: Operands) => unknown])[] = [
  ['add: b', ({ x }) => x.add(wrong('1'))],
  ['add: b', ({ ids }) => ids.add(0.5)],
  ['add: b', ({ ids }) => ids.add(2 ** 31)],
  ['add: a', ({ flags }) => flags.add(1)],
  ['maximum: b', ({ x }) => x.maximum(wrong(null))],
  ['equal: b', ({ flags }) => flags.equal(2)],
  ['mod: b', ({ ids }) => ids.mod(0)],
  ['matmul: b', ({ x }) => x.matmul(wrong(undefined))],
  ['exp: x', () => H.exp(wrong([1]))],
  ['cast: dtype', ({ x }) => x.cast(wrong('float64'))],
  ['where: condition', ({ x }) => H.where(wrong(undefined), x, 0)],
  ['where: b', ({ x, flags }) => H.where(flags, x, wrong('0'))],
  ['where: b', ({ x, flags }) => H.maskedFill(x, flags.reshape([4, 1]).expand([4, 3]), 1)],
  ['checkpoint: fn', ({ x }) => H.checkpoint(wrong(x), [x])],
  ['checkpoint: inputs', ({ x }) => H.checkpoint((y: H.Tensor) => y, wrong(x))],
  ['checkpoint: inputs', () => H.checkpoint((y: H.Tensor) => y, wrong(undefined))],
  ['checkpoint: inputs', () => H.checkpoint((y: H.Tensor) => y, [wrong(1)])],
  ['concat: tensors', () => H.concat([])],
  ['stack: tensors', () => H.stack([])],
  ['stack: tensors', ({ x, row }) => H.stack([x, row])],
  ['scatterAdd: index', ({ x, row, ids }) => H.scatterAdd(x, 1, ids, row)],
  ['scatterAdd: index', ({ ids }) => H.oneHot(ids, 1)],
  ['oneHot: classes', ({ ids }) => H.oneHot(ids, nan)],
  ['pad: value', ({ ids }) => H.pad(ids, [1], [1], wrong('0'))],
  ['sum: axis', ({ x }) => x.sum({ axis: wrong('0') })],
  ['sum: options', ({ x }) => x.sum(wrong(0))],
  ['variance: correction', ({ x }) => H.variance(x, { correction: nan })],
  ['norm: order', ({ x }) => x.norm({ order: nan })],
  ['reshape: shape', ({ x }) => x.reshape(wrong(4))],
  ['expand: shape', ({ x }) => x.reshape([1, 4]).expand([-2, 4])],
  ['expand: shape', ({ x }) => x.reshape([1, 4]).expand([nan, 4])],
  ['permute: order', ({ x }) => x.permute(wrong(undefined))],
  ['slice: ranges', ({ x }) => x.slice([[0, 2, 1.5]])],
  ['slice: ranges', ({ x }) => x.slice(wrong([1]))],
  ['slice: ranges', ({ x }) => x.slice(wrong([[Symbol('s'), 1]]))],
  ['slice: ranges', ({ x }) => x.slice(wrong([[-1n, 1n]]))],
  ['select: index', ({ x }) => x.select(0, 0.5)],
  ['split: sizes', ({ x }) => x.split([-1, 3])],
  ['einsum: operands', ({ x }) => H.einsum('ij,jk', [x, wrong(null)])],
  ['tensor: dtype', () => H.tensor([1], { dtype: wrong('float64') })],
  ['tensor: dtype', () => H.tensor([1], { dtype: 'int32', requiresGrad: true })],
  ['zeros: shape', () => H.zeros([-1])],
  ['zeros: shape', () => H.zeros([2, -1])],
  ['zeros: shape', () => H.zeros(wrong([Symbol('s')]))],
  ['ones: shape', () => H.ones([1e5, 1e5])],
  ['full: value', () => H.full([2], 1.5, { dtype: 'int32' })],
  ['full: dtype', () => H.full([2], 1, { dtype: 'bool', requiresGrad: true })],
  ['arange: step', () => H.arange(0, 1, 0.25)],
  ['arange: stop', () => H.arange(0, inf)],
  ['rand: shape', () => H.rand([nan])],
  ['randn: std', () => H.randn([2], { std: -1 })],
  ['randint: high', () => H.randint(3, 3, [2])],
  ['Generator: seed', () => H.manualSeed(-1)],
  ['Generator: count', () => new H.Generator(1).uniform(1.5)],
  ['Generator: count', () => new H.Generator(1).permutation(-1)],
  ['mseLoss: reduction', ({ x }) => H.mseLoss(x, x, { reduction: wrong('avg') })],
  ['mseLoss: target', ({ x, ids }) => H.mseLoss(x, wrong(ids))],
  ['huberLoss: delta', ({ x }) => H.huberLoss(x, x, { delta: nan })],
  ['binaryCrossEntropy: weight', ({ row }) => H.binaryCrossEntropy(row, row, { weight: H.ones([3, 2]) })],
  ['crossEntropy: labelSmoothing', ({ x }) => H.crossEntropy(x, [0, 1], { labelSmoothing: wrong(0n) })],
  ['crossEntropy: reduction', ({ x }) => H.crossEntropy(x, [0, 1], { reduction: wrong('avg') })],
  ['crossEntropy: targets', ({ x }) => H.crossEntropy(x, [0, 0.5])],
  ['crossEntropy: targets', ({ x }) => H.crossEntropy(x, [0])],
  ['(gather|crossEntropy): index', ({ x }) => H.crossEntropy(x, [0, 9])],
  ['crossEntropy: weight', ({ x, ids }) => H.crossEntropy(x, [0, 1], { weight: wrong(ids) })],
  ['layerNorm: weight', ({ x, ids }) => H.layerNorm(x, { weight: wrong(ids) })],
  ['layerNorm: x', ({ row }) => H.layerNorm(wrong(undefined), { weight: row, bias: row })],
  ['rmsNorm: x', ({ row }) => H.rmsNorm(wrong(undefined), { weight: row })],
  ['linear: x', ({ x, row }) => H.linear(wrong(undefined), x, { bias: row })],
  ['linear: weight', ({ x, row }) => H.linear(x, wrong(undefined), { bias: row })],
  ['layerNorm: x', ({ layer }) => layer.call(wrong(undefined))],
  ['layerNorm: eps', ({ x }) => H.layerNorm(x, { eps: nan })],
  ['linear: weight', ({ x, ids }) => H.linear(x, wrong(ids.reshape([1, 2])))],
  ['linear: activation', ({ x }) => H.linear(x, x, { activation: wrong('selu') })],
  ['gelu: approximate', ({ x }) => H.gelu(x, { approximate: wrong('erf') })],
  ['embedding: paddingIdx', ({ x, ids }) => H.embedding(x, ids, { paddingIdx: 2 })],
  ['Embedding: paddingIdx', () => new Embedding({ count: 2, dim: 2, paddingIdx: 5 })],
  ['Linear: shape', () => new Linear({ inputs: nan, outputs: 2 })],
  ['LayerNorm: shape', () => new LayerNorm({ dim: 0.5 })],
  ['Conv1d: stride', () => new Conv1d({ inputs: 1, outputs: 1, kernel: 1, stride: 0 })],
  ['Dropout: p', () => new Dropout(1.5)],
  ['Conv1d: x', ({ conv }) => conv.call(wrong([[[1]]]))],
  ['rand: generator', () => H.rand([2], { generator: wrong(1) })],
  ['randn: generator', () => H.randn([2], { generator: wrong({}) })],
  ['randint: generator', () => H.randint(0, 2, [2], { generator: wrong(1) })],
  ['dropout: generator', ({ x }) => H.dropout(x, 0.5, { generator: wrong(1) })],
  ['rand: generator', () => new Linear({ inputs: 2, outputs: 2, generator: wrong(0) })],
  [
    'scaledDotProductAttention: generator',
    ({ x }) => {
      const q = x.reshape([1, 1, 2, 2]);
      return H.scaledDotProductAttention(q, q, q, { dropout: 0.5, generator: wrong(1) });
    },
  ],
  ['linearInt8: words', ({ x, row }) => H.linearInt8(x, wrong(undefined), row)],
  ['linearHalf: words', ({ x }) => H.linearHalf(x, wrong([1]), { format: 'float16' })],
  ['widenHalf: count', ({ ids }) => H.widenHalf(ids, { format: 'float16', count: 3.5 })],
  ['readNow: ids', () => H.readNow(wrong([1]))],
  ['readNow: ids', ({ x }) => H.readNow(wrong(x))],
  ['halvable: model', () => halvable(wrong(undefined))],
  ['quantizable: model', () => quantizable(wrong({}))],
  ['SGD: params', () => new O.SGD(wrong([1]), { lr: 1 })],
  ['SGD: params', ({ parameter }) => new O.SGD(wrong([parameter, { params: [] }]), { lr: 1 })],
  ['SGD: momentum', ({ parameter }) => new O.SGD([parameter], { lr: 1, momentum: -1 })],
  ['SGD: nesterov', ({ parameter }) => new O.SGD([{ params: [parameter], nesterov: true }], { lr: 1 })],
  ['SGD: dampening', ({ parameter }) => new O.SGD([{ params: [parameter], dampening: nan }], { lr: 1 })],
  ['AdamW: eps', ({ parameter }) => new O.AdamW([parameter], { eps: nan })],
  ['Adam: lr', ({ parameter }) => new O.Adam([{ params: [parameter], lr: nan }])],
  ['Lion: beta1', ({ parameter }) => new O.Lion([parameter], { beta1: 2 })],
  ['SGD: lr', ({ parameter }) => new O.SGD([parameter], { lr: 1 }).setLearningRate(nan)],
  ['clipGradNorm: maxNorm', ({ parameter }) => O.clipGradNorm([parameter], nan)],
  ['clipGradValue: limit', ({ parameter }) => O.clipGradValue([parameter], -1)],
  ['cosine: steps', () => O.cosine({ steps: nan })],
  ['linear: steps', () => O.linear({ steps: -1 })],
  ['oneCycle: rise', () => O.oneCycle({ steps: 5, rise: 2 })],
  ['LearningRate: optimizer', () => new O.LearningRate(wrong(null), () => 1)],
  ['crossEntropy: targets', ({ x, ids }) => H.crossEntropy(x.reshape([1, 2, 2]), ids)],
  ['crossEntropy: targets', ({ x, ids }) => H.crossEntropy(x.reshape([2, 1, 2]), ids.reshape([1, 2]))],
  ['AdamW: weightDeca', ({ parameter }) => new O.AdamW([parameter], wrong({ weightDeca: 0.1 }))],
  ['SGD: beta1', ({ parameter }) => new O.SGD([wrong({ params: [parameter], beta1: 0.9 })], { lr: 1 })],
  ['SGD: lr', ({ parameter }) => new O.SGD([parameter], wrong({}))],
  ['SGD: nesterov', ({ parameter }) => new O.SGD([parameter], { lr: 1, momentum: 0.9, nesterov: wrong(1) })],
  ['Adam: lr', ({ parameter }) => new O.Adam([parameter], { lr: wrong('0.1') })],
  ['scope: fn', () => H.scope(wrong(1))],
  ['noGrad: fn', () => H.noGrad(wrong(null))],
  ['grad: f', () => H.grad(wrong(null))],
  [
    'checkpoint: the result of fn',
    ({ x }) =>
      H.checkpoint(
        wrong(() => 1),
        [x],
      ),
  ],
  ['keep: t', () => H.keep(wrong(null))],
  ['gradients: xs', ({ x }) => H.gradients(x, wrong(x))],
  ['gradients: y', () => H.gradients(wrong(null), [])],
  ['backward: gradient', ({ parameter }) => parameter.mul(2).backward({ gradient: wrong(1) })],
  [
    'registerHook: the result of hook',
    ({ parameter }) => {
      const doubled = parameter.mul(2);
      doubled.registerHook(() => H.ones([1]));
      doubled.sum().backward();
    },
  ],
  [
    'scaledDotProductAttention: scale',
    ({ x }) => {
      const q = x.reshape([1, 1, 2, 2]);
      return H.scaledDotProductAttention(q, q, q, { scale: nan });
    },
  ],
  ['registerHook: hook', ({ parameter }) => parameter.registerHook(wrong(null))],
  ['onesLike: t', () => H.onesLike(wrong(null))],
  ['Parameter: from', ({ ids }) => new Parameter(wrong(ids))],
  ['Sequential: layers', () => new Sequential(wrong([1]))],
  ['skipInit: fn', () => skipInit(wrong(1))],
  ['assign: src', ({ x }) => assign(x, wrong(null))],
  ['freeze: match', () => new Sequential([]).freeze(wrong('weight'))],
  [
    'loadStateDict: weight',
    ({ layer }) => layer.loadStateDict(new Map([['weight', wrong({ shape: [2], dtype: 'float32' })]])),
  ],
  ['ReduceOnPlateau: factor', () => new O.ReduceOnPlateau({ groups: [] }, { factor: 1 })],
  ['ReduceOnPlateau: metric', () => new O.ReduceOnPlateau({ groups: [] }).step(wrong(Promise.resolve(1)))],
  ['Generator: state', () => new H.Generator(7).restore(wrong(null))],
  ['Generator: state.counter', () => new H.Generator(7).restore(wrong({ seed: 7 }))],
  ['Generator: state.counter', () => new H.Generator(7).restore({ seed: 7, counter: -1 })],
  ['Generator: state.counter', () => new H.Generator(7).restore({ seed: 7, counter: 0.5 })],
  ['ReduceOnPlateau: state', () => new O.ReduceOnPlateau({ groups: [] }).restore(wrong(null))],
  ['ReduceOnPlateau: state.best', () => new O.ReduceOnPlateau({ groups: [] }).restore({ lr: [], bad: 0, cooling: 0 })],
  [
    'ReduceOnPlateau: state.lr',
    () => new O.ReduceOnPlateau({ groups: [] }).restore({ best: 1, bad: 0, cooling: 0, lr: [1] }),
  ],
  ['LearningRate: state.at', () => new O.LearningRate({ groups: [] }, () => 1).restore({ best: 1 })],
  ['LearningRate: schedule', () => new O.LearningRate({ groups: [] }, wrong(undefined))],
];

// What takes options, in the place of which plain JavaScript may pass anything.
const withOptions: Readonly<Record<string, (given: Operands, options: never) => unknown>> = {
  argsort: ({ x }, o) => H.argsort(x, o),
  backward: ({ parameter }, o) => parameter.sum().backward(o),
  binaryCrossEntropy: ({ x }, o) => H.binaryCrossEntropy(x, x, o),
  buffer: (_, o) => buffer(H.ones([1]), o),
  contiguous: ({ x }, o) => H.contiguous(x, o),
  crossEntropy: ({ x }, o) => H.crossEntropy(x, [0, 1], o),
  dropout: ({ x }, o) => H.dropout(x, 0.5, o),
  embedding: ({ x, ids }, o) => H.embedding(x, ids, o),
  gelu: ({ x }, o) => H.gelu(x, o),
  gradients: ({ parameter }, o) => H.gradients(parameter.sum(), [parameter], o),
  huberLoss: ({ x }, o) => H.huberLoss(x, x, o),
  layerNorm: ({ x }, o) => H.layerNorm(x, o),
  linear: ({ x }, o) => H.linear(x, x, o),
  linearHalf: ({ x, ids }, o) => H.linearHalf(x, ids, o),
  linearInt8: ({ x, row, ids }, o) => H.linearInt8(x, ids, row, o),
  widenHalf: ({ ids }, o) => H.widenHalf(ids, o),
  loadStateDict: (_, o) => new Sequential([]).loadStateDict(new Map(), o),
  mseLoss: ({ x }, o) => H.mseLoss(x, x, o),
  norm: ({ x }, o) => x.norm(o),
  rmsNorm: ({ x }, o) => H.rmsNorm(x, o),
  scaledDotProductAttention: ({ x }, o) => {
    const q = x.reshape([1, 1, 2, 2]);
    return H.scaledDotProductAttention(q, q, q, o);
  },
  skipInit: (_, o) => skipInit(() => 1, o),
  Conv1d: (_, o) => new Conv1d(o),
  Dropout: (_, o) => new Dropout(0.5, o),
  Embedding: (_, o) => new Embedding(o),
  LayerNorm: (_, o) => new LayerNorm(o),
  Linear: (_, o) => new Linear(o),
  RMSNorm: (_, o) => new RMSNorm(o),
  AdamW: ({ parameter }, o) => new O.AdamW([parameter], o),
  SGD: ({ parameter }, o) => new O.SGD([parameter], o),
  ReduceOnPlateau: (_, o) => new O.ReduceOnPlateau({ groups: [] }, o),
  cosine: (_, o) => O.cosine(o),
  oneCycle: (_, o) => O.oneCycle(o),
};

describe.each(['reference', 'wasm'] as const)('%s', (backend) => {
  let given: Operands;

  beforeAll(async () => {
    await H.init({ backend, threads: 1 });
    const gone = H.ones([2, 2]);
    gone.dispose();
    given = {
      x: H.keep(H.tensor([1, 2, 3, 4], { shape: [2, 2] })),
      row: H.keep(H.tensor([1, 2])),
      ids: H.keep(H.tensor([0, 1], { dtype: 'int32' })),
      flags: H.keep(H.tensor([true, false, true, true])),
      parameter: new Parameter(H.ones([2])),
      layer: new LayerNorm({ dim: 2, bias: false }),
      conv: new Conv1d({ inputs: 1, outputs: 1, kernel: 1 }),
      gone,
    };
  });

  test.each(calls)('%s (%#)', (message, call) => {
    const before = H.memory().buffers;
    let thrown: unknown;
    try {
      H.scope(() => call(given));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(H.ArgumentError);
    expect((thrown as Error).message).toMatch(new RegExp(`^${message}: expected `));
    expect(H.memory().buffers).toBe(before);
  });

  test.each(Object.entries(withOptions))('%s takes an object of options', (op, call) => {
    for (const options of [null, 5, 'mean', true]) {
      const before = H.memory().buffers;
      expect(() => H.scope(() => call(given, wrong(options)))).toThrow(
        expect.objectContaining({ op, argument: 'options', message: expect.stringMatching(/expected an object/) }),
      );
      expect(H.memory().buffers).toBe(before);
    }
  });

  test('a state that is none changes nothing of an optimizer', () => {
    const optimizer = new O.AdamW([new Parameter(H.ones([2]))], { lr: 0.5 });
    const good = optimizer.stateDict();
    const [group] = good.groups;
    const states: readonly (readonly [string, unknown])[] = [
      ['state', null],
      ['state', 5],
      ['state.step', { ...good, step: undefined }],
      ['state.step', { ...good, step: 1.5 }],
      ['state.groups', { ...good, groups: undefined }],
      ['state.groups', { ...good, groups: [group, group] }],
      ['state.groups', { ...good, groups: [null] }],
      ['lr', { ...good, groups: [{ ...group, lr: '0.1' }] }],
      ['beta1', { ...good, groups: [{ ...group, beta1: 1 }] }],
      ['momentum', { ...good, groups: [{ ...group, momentum: 0.9 }] }],
      ['state.tensors', { ...good, tensors: {} }],
      ['state.updates', { ...good, updates: 3 }],
      ['state.updates.0.0', { ...good, step: 2, updates: { '0.0': 3 } }],
    ];
    for (const [argument, state] of states)
      expect(() => optimizer.loadStateDict(wrong(state)), argument).toThrow(
        expect.objectContaining({ name: 'ArgumentError', op: 'AdamW', argument }),
      );
    expect(optimizer.stateDict()).toEqual(good);
    optimizer.loadStateDict({ ...good, step: 3, groups: [{ ...group, lr: 0.25 }] });
    expect([optimizer.stepCount, optimizer.lr]).toEqual([3, 0.25]);
    optimizer.dispose();
  });

  test("a schedule's state survives JSON", () => {
    const optimizer = new O.SGD([new Parameter(H.ones([1]))], { lr: 1 });
    for (const mode of ['min', 'max'] as const) {
      const before = new O.ReduceOnPlateau(optimizer, { mode });
      const after = new O.ReduceOnPlateau(optimizer, { mode, patience: 0 });
      after.restore(JSON.parse(JSON.stringify(before.state())));
      expect(after.state()).toEqual(before.state());
      after.step(5);
      expect([optimizer.lr, after.state()['best']]).toEqual([1, 5]);
    }
    optimizer.dispose();
  });

  test('freed tensors are met before anything is made of them', () => {
    const { gone, x, flags } = given;
    const before = H.memory().buffers;
    for (const call of [
      () => gone.div(2),
      () => x.maximum(gone),
      () => H.where(flags.reshape([2, 2]), gone, 0),
      () => H.softplus(gone),
      () => gone.clamp(0, 1),
      () => H.concat([x, gone]),
      () => gone.reshape([4]),
      () => H.contiguous(gone),
      () => H.keep(gone),
      () => gone.keep(),
      () => buffer(gone),
    ])
      expect(call).toThrow(H.TensorFreed);
    expect(H.memory().buffers).toBe(before);
  });

  test('what is at the edge of wrong does what its name says', async () => {
    const { x } = given;
    expect([...(await H.dropout(x, 1).data())]).toEqual([0, 0, 0, 0]);
    expect(H.split(H.zeros([0, 2]), 3).map(({ shape }) => shape)).toEqual([[0, 2]]);
    expect([...(await H.tensor([true, 2]).data())]).toEqual([1, 2]);
    expect([...(await H.tensor([nan, -0, 2, false], { dtype: 'bool' }).data())]).toEqual([1, 0, 1, 0]);
    expect(H.arange(0, 1, 0.25, { dtype: 'float32', requiresGrad: true }).requiresGrad).toBe(true);
    expect(O.oneCycle({ steps: 10, rise: 0.1 })(0)).toBe(1);
    expect([O.cosine({ steps: 0, to: 0.5 })(0), O.linear({ steps: 0 })(0)]).toEqual([0.5, 0]);
  });
});
