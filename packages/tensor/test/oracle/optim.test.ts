// Ten steps of each optimizer, schedules and clipping against PyTorch.
import { beforeAll, describe, expect, test } from 'vitest';
import { init, ones } from '../../src/index';
import { Parameter } from '../../src/nn/index';
import * as optim from '../../src/optim/index';
import { expectClose } from '../support/compare';
import { casesOf, constant, expectTensor, type Values } from './fixture';

type Named = Readonly<Record<string, Values>>;

interface Trajectory {
  readonly name: string;
  readonly optimizer: 'SGD' | 'Adam' | 'AdamW' | 'Lion';
  readonly config: { readonly lr: number; readonly groups?: readonly { readonly params: readonly string[] }[] };
  readonly params: Named;
  readonly steps: readonly { readonly grads: Named; readonly params: Named }[];
}

interface Clipping {
  readonly name: string;
  readonly limit: number;
  readonly grads: Named;
  /** Absent where values are clipped, not the norm. */
  readonly norm?: Values;
  readonly clipped: Named;
}

function mapped<T, U>(record: Readonly<Record<string, T>>, fn: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, fn(value, key)]));
}

/** Gives each parameter its gradient, if it has one: that of the sum of parameter · gradient. */
function backward(params: Readonly<Record<string, Parameter>>, grads: Named): void {
  for (const [key, g] of Object.entries(grads)) params[key].mul(constant(g, 'float32')).sum().backward();
}

const parametersOf = (values: Named): Record<string, Parameter> =>
  mapped(values, (v) => new Parameter(constant(v, 'float32')));

const { SGD, Adam, AdamW, Lion } = optim;
const optimizers = { SGD, Adam, AdamW, Lion };

describe.each(['reference', 'wasm'] as const)('%s', (backend) => {
  beforeAll(async () => {
    expect((await init({ backend })).backend).toBe(backend);
  });

  test.each(casesOf<Trajectory>('optimizers'))('$name', async ({ optimizer: name, config, params: initial, steps }) => {
    const params = parametersOf(initial);
    const { groups, ...settings } = config;
    const chosen = groups?.map((group) => ({ ...group, params: group.params.map((key) => params[key]) }));
    const optimizer = new optimizers[name](chosen ?? Object.values(params), settings);
    for (const [i, { grads, params: expected }] of steps.entries()) {
      backward(params, grads);
      optimizer.step();
      for (const key of Object.keys(params))
        await expectTensor(params[key], expected[key], `${key} after step ${i + 1}`);
    }
  });

  test('goes on from its state where a parameter has joined late', async () => {
    const late = casesOf<Trajectory>('optimizers').find(
      ({ name }) => name.startsWith('AdamW') && name.includes('late'),
    );
    if (late === undefined) throw new Error('no such case');
    const { params: initial, steps, config } = late;
    const params = parametersOf(initial);
    const all = Object.values(params);
    let optimizer = new AdamW(all, config);
    for (const { grads } of steps) {
      backward(params, grads);
      optimizer.step();
      const next = new AdamW(all, config);
      next.loadStateDict(optimizer.stateDict());
      optimizer.dispose();
      optimizer = next;
    }
    const expected = steps[steps.length - 1].params;
    for (const key of Object.keys(params)) await expectTensor(params[key], expected[key], key);
  });

  test('a state that is loaded takes the place of all there was, or none of it', async () => {
    const w = new Parameter(ones([2]));
    const optimizer = new SGD([w], { lr: 1, momentum: 0.5 });
    const start = optimizer.stateDict();
    const step = (): void => {
      w.sum().backward();
      optimizer.step();
    };
    step();
    const state = { ...optimizer.stateDict(), step: 9, tensors: new Map([['0.0.momentum', ones([1, 2])]]) };
    expect(() => optimizer.loadStateDict(state)).toThrow(
      'SGD: state.tensors.0.0.momentum: expected shape [2], got [1, 2]',
    );
    expect(optimizer.stepCount).toBe(1);
    const half = { step: 1, groups: [{}], tensors: new Map([['0.0.m', ones([2])]]) };
    expect(() => new AdamW([w]).loadStateDict(half)).toThrow(
      'AdamW: state.tensors: expected m and v of each parameter that has state, got 0.0.m',
    );
    optimizer.loadStateDict(start);
    step();
    expect(Array.from(await w.data())).toEqual([-1, -1]); // no momentum of the first step
  });

  test.each(casesOf<Clipping>('clipping'))('$name', async ({ limit, grads, norm, clipped }) => {
    const params = parametersOf(grads);
    backward(params, grads);
    if (norm === undefined) optim.clipGradValue(Object.values(params), limit);
    else await expectTensor(optim.clipGradNorm(Object.values(params), limit), norm, 'norm');
    for (const key of Object.keys(params)) await expectTensor(params[key].grad, clipped[key], `d ${key}`);
  });
});

interface Rates {
  readonly name: string;
  readonly lr: number;
  readonly config: optim.PlateauConfig &
    optim.OneCycleConfig & { readonly warmupSteps?: number; readonly from?: number; readonly to?: number };
  readonly rates: readonly number[];
  readonly metrics?: readonly number[];
}

const shapes = {
  constant: () => optim.constant(),
  linear: optim.linear,
  cosine: optim.cosine,
  oneCycle: optim.oneCycle,
};

describe('learning rates', () => {
  beforeAll(async () => {
    await init({ backend: 'reference' });
  });

  test.each(casesOf<Rates>('schedules'))('$name', ({ name, lr, config, rates, metrics }) => {
    const optimizer = new SGD(Object.values(parametersOf({ p: { shape: [1], dtype: 'float32', data: [0] } })), {
      lr,
    });
    const shape = shapes[name.split(',')[0].split(' ')[0] as keyof typeof shapes];
    const schedule = metrics === undefined ? new optim.LearningRate(optimizer, warmed(shape(config), config)) : null;
    const plateau = metrics === undefined ? null : new optim.ReduceOnPlateau(optimizer, config);
    const seen = rates.map((_, i) => {
      const before = optimizer.lr;
      schedule?.step();
      if (metrics !== undefined) plateau?.step(metrics[i]);
      return before;
    });
    expectClose(seen, rates, 1e-9, 'rate');
  });
});

function warmed(schedule: optim.Schedule, { warmupSteps }: Rates['config']): optim.Schedule {
  return warmupSteps === undefined ? schedule : optim.warmup(warmupSteps, schedule);
}
