// Experts and the loss of their routers against Mixtral's block, and what a stack makes of them.
import { type AnyTensor, init, memory, randn, scope, type Tensor, tensor } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { Decoder, Encoder, MixtureOfExperts, Routing, trace } from '../src/index';
import { casesOf, expectClose, expectNumbers, expectParity, read } from './support/fixture';

interface MixtureCase {
  readonly dim: number;
  readonly hiddenDim: number;
  readonly count: number;
  readonly topK: number;
}

const cases = casesOf<MixtureCase>('mixture');

describe.each(['reference', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(async () => {
    await init({ backend, seed: 4 });
  });

  it.each(cases.filter(({ name }) => name.startsWith('block')))('$name', async (fixture) => {
    const { dim, hiddenDim, count, topK } = fixture.config;
    const experts = { count, topK };
    const mixture = new MixtureOfExperts({ dim, hiddenDim, activation: 'silu', gated: true, bias: false, experts });
    using routing = new Routing();
    await expectParity(fixture, mixture, ({ x }) => mixture.call(x as Tensor, { routing }));
    await expectClose(routing.logits[0], fixture.outputs['logits'], 'logits');
  });

  it.each(cases.filter(({ name }) => name.startsWith('loss')))('$name', async ({ config, inputs, outputs, grads }) => {
    const layers = ['layer0', 'layer1'].map((name) => read(inputs[name]) as Tensor);
    const mask: AnyTensor | undefined = 'mask' in inputs ? read(inputs['mask']) : undefined;
    using routing = new Routing();
    for (const logits of layers) routing.note(logits.mul(1), config.topK);
    const loss = routing.balancingLoss({ paddingMask: mask });
    await expectClose(loss, outputs['out'], 'loss');
    loss.backward();
    for (const [i, logits] of layers.entries()) await expectClose(logits.grad, grads[`layer${i}`], `gradient ${i}`);
  });
});

describe.each(['reference', 'wasm'] as const)('tokens sent to experts, on %s', (backend) => {
  const settings = { dim: 12, hiddenDim: 20, gated: true } as const;

  beforeAll(async () => {
    await init({ backend, seed: 5 });
  });

  it.each([
    [8, 2, [3, 7], true],
    [8, 1, [1, 1], false],
    [5, 5, [2, 3], true],
    // More experts than tokens: some get none.
    [16, 2, [1, 3], true],
  ] as const)('%i experts, %i a token, %j tokens: as where all compute all', async (count, topK, [B, T], normalize) => {
    const experts = { count, topK, normalize };
    const routed = new MixtureOfExperts({ ...settings, experts });
    const dense = new MixtureOfExperts({ ...settings, experts: { ...experts, dense: true } });
    dense.loadStateDict(routed.stateDict());
    const values = await randn([B, T, 12]).data();
    const upstream = randn([B, T, 12]);
    const found = await Promise.all(
      [routed, dense].map(async (mixture) => {
        const x = tensor(values, { shape: [B, T, 12], dtype: 'float32', requiresGrad: true });
        const y = mixture.call(x);
        y.mul(upstream).sum().backward();
        const grads = [x, ...mixture.parameters()].map((p) => p.grad?.data() ?? Promise.reject(new Error('none')));
        return [await y.data(), ...(await Promise.all(grads))];
      }),
    );
    const [own, wanted] = found;
    for (const [i, numbers] of wanted.entries()) expectNumbers(own[i], numbers, i === 0 ? 'output' : `gradient ${i}`);
  });

  it('do the work of topK experts, not of all', async () => {
    const flopsOf = async (dense: boolean, topK: number): Promise<number> => {
      const mixture = new MixtureOfExperts({ ...settings, experts: { count: 8, topK, dense } });
      return (await trace(mixture, randn([4, 8, 12]))).rows[0].flops;
    };
    const router = 2 * 4 * 8 * 12 * 8;
    const each = 3 * 2 * 4 * 8 * 12 * 20;
    expect(await flopsOf(true, 2)).toBe(router + 8 * each);
    expect(await flopsOf(false, 2)).toBe(router + 2 * each);
    expect(await flopsOf(false, 1)).toBe(router + each);
  });
});

describe('in stacks', () => {
  beforeAll(async () => {
    await init({ backend: 'wasm', seed: 4 });
  });

  it('every layer routes, and the loss reaches every router', async () => {
    const settings = { dim: 8, heads: 2, layers: 3, experts: { count: 4, topK: 2 } } as const;
    for (const stack of [new Encoder(settings), new Decoder(settings)]) {
      using routing = new Routing();
      stack.call(randn([2, 5, 8]), { routing });
      expect(routing.logits.map(({ shape }) => shape)).toEqual([0, 1, 2].map(() => [2, 5, 4]));
      routing.balancingLoss().backward();
      for (const { feedForward } of stack.layers) {
        const gate = feedForward instanceof MixtureOfExperts ? feedForward.gate.weight.grad : null;
        expect((await gate?.abs().sum().item()) ?? 0).toBeGreaterThan(0);
      }
    }
  });

  it('leave nothing behind', async () => {
    const mixture = new MixtureOfExperts({ dim: 8, experts: { count: 3 } });
    const step = (): void =>
      scope(() => {
        using routing = new Routing();
        const y = mixture.call(randn([1, 4, 8]), { routing });
        y.square().mean().add(routing.balancingLoss()).backward();
        for (const p of mixture.parameters()) {
          p.grad?.dispose();
          p.grad = null;
        }
      });
    step();
    const before = memory().buffers;
    step();
    expect(memory().buffers).toBe(before);
  });

  it.each<[string, () => unknown, string]>([
    [
      'more than there are',
      () => new MixtureOfExperts({ dim: 8, experts: { count: 2, topK: 3 } }),
      'at most count = 2',
    ],
    ['none', () => new MixtureOfExperts({ dim: 8, experts: { count: 0 } }), 'experts.count'],
    ['no routing', () => new Routing().balancingLoss(), 'layers with experts'],
  ])('refuse %s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});
