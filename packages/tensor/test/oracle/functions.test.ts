// Losses, norms, activations, layers as functions and attention, with their gradients, against PyTorch.
import { test } from 'vitest';
import {
  binaryCrossEntropy,
  crossEntropy,
  type DType,
  embedding,
  erf,
  gelu,
  huberLoss,
  layerNorm,
  linear,
  logSoftmax,
  logSumExp,
  mseLoss,
  type Reduction,
  relu,
  rmsNorm,
  scaledDotProductAttention,
  sigmoid,
  silu,
  softmax,
  softplus,
  type Tensor,
  tanh,
} from '../../src/index';
import { Conv1d } from '../../src/nn/index';
import { type Case, casesOf, constant, expectTensor, functionOf, leaf, onBothBackends, testCoverage } from './fixture';

interface Config {
  readonly reduction?: Reduction;
  readonly ignoreIndex?: number;
  readonly labelSmoothing?: number;
  readonly delta?: number;
  readonly eps?: number;
  readonly approximate?: 'tanh';
  readonly paddingIdx?: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
  readonly causal?: boolean;
  readonly scale?: number;
}

/** A case's tensors on the running backend. */
class Arguments {
  readonly config: Config;
  /** Inputs and parameters that PyTorch gives a gradient of. */
  readonly x: Record<string, Tensor>;

  constructor(private readonly values: Case<Config>) {
    const all = Object.entries({ ...values.inputs, ...values.params });
    this.config = values.config;
    this.x = Object.fromEntries(all.filter(([name]) => name in values.grads).map(([name, v]) => [name, leaf(v)]));
  }

  /** Targets, masks, class weights: what gets no gradient. */
  constant<D extends DType>(name: string, dtype: D): Tensor<D> {
    return constant(this.values.inputs[name], dtype);
  }

  /** A boolean mask, where the case has one. */
  mask(): Tensor<'bool'> | undefined {
    return this.values.inputs['mask']?.dtype === 'bool' ? this.constant('mask', 'bool') : undefined;
  }

  /** As an option, where the case has it. */
  option<K extends string>(key: K, name: string): { readonly [k in K]?: Tensor } {
    return name in this.values.inputs
      ? ({ [key]: this.x[name] ?? this.constant(name, 'float32') } as { [k in K]: Tensor })
      : {};
  }
}

// By the part of a case's name before its colon.
const functions: Readonly<Record<string, (args: Arguments) => Tensor>> = {
  crossEntropy: (a) =>
    crossEntropy(a.x['logits'], a.constant('target', 'int32'), { ...a.config, ...a.option('weight', 'weight') }),
  binaryCrossEntropyWithLogits: (a) =>
    binaryCrossEntropy(a.x['logits'], a.constant('target', 'float32'), {
      ...a.config,
      ...a.option('positiveWeight', 'posWeight'),
    }),
  mse: ({ x, config }) => mseLoss(x['input'], x['target'], config),
  huber: ({ x, config }) => huberLoss(x['input'], x['target'], config),
  layerNorm: ({ x, config }) => layerNorm(x['x'], { weight: x['weight'], bias: x['bias'], eps: config.eps ?? 1e-5 }),
  rmsNorm: ({ x, config }) => rmsNorm(x['x'], { weight: x['weight'], eps: config.eps ?? 1e-5 }),
  gelu: ({ x }) => gelu(x['x']),
  'gelu tanh': ({ x }) => gelu(x['x'], { approximate: 'tanh' }),
  silu: ({ x }) => silu(x['x']),
  relu: ({ x }) => relu(x['x']),
  sigmoid: ({ x }) => sigmoid(x['x']),
  tanh: ({ x }) => tanh(x['x']),
  erf: ({ x }) => erf(x['x']),
  softplus: ({ x }) => softplus(x['x']),
  softmax: ({ x }) => softmax(x['x']),
  logSoftmax: ({ x }) => logSoftmax(x['x']),
  logSumExp: ({ x }) => logSumExp(x['x'], { axis: -1 }),
  linear: ({ x }) => linear(x['x'], x['weight'], { bias: x['bias'] }),
  embedding: (a) => embedding(a.x['weight'], a.constant('ids', 'int32'), a.config),
  conv1d: (a) => {
    const [outputs, inputs, kernel] = a.x['weight'].shape;
    const { groups = 1 } = a.config;
    const layer = new Conv1d({ ...a.config, inputs: inputs * groups, outputs, kernel });
    layer.loadStateDict(
      new Map([
        ['weight', a.x['weight']],
        ['bias', a.x['bias']],
      ]),
    );
    const out = layer.call(a.x['x']);
    Object.assign(a.x, Object.fromEntries(layer.namedParameters())); // whose gradients are compared
    return out;
  },
  attention: (a) => {
    const { q, k, v, mask } = a.x;
    return scaledDotProductAttention(q, k, v, { ...a.config, mask: mask ?? a.mask() });
  },
};

const cases = ['losses', 'functions', 'attention'].flatMap((file) => casesOf<Case<Config>>(file));
testCoverage(cases, functions);

onBothBackends(() => {
  test.each(cases)('$name', async (values) => {
    const args = new Arguments(values);
    const out = functions[functionOf(values.name)](args);
    const { upstream, outputs, grads } = values;
    const loss = upstream === undefined ? out : out.mul(constant(upstream, 'float32')).sum();
    loss.backward();
    await expectTensor(out, outputs['out'], 'out');
    for (const [name, expected] of Object.entries(grads)) await expectTensor(args.x[name].grad, expected, `d ${name}`);
  });
});
