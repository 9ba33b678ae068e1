// The graph as a user meets it: accumulation, hooks, higher orders, what is freed, what errors say.
import { beforeAll, describe, expect, it } from 'vitest';
import {
  checkpoint,
  GraphError,
  gelu,
  grad,
  gradients,
  init,
  keep,
  memory,
  noGrad,
  scope,
  softmax,
  type Tensor,
  TensorFreed,
  tensor,
} from '../src/index';
import { Linear, Module, Parameter } from '../src/nn/index';
import { AdamW } from '../src/optim/index';

beforeAll(async () => {
  await init({ backend: 'reference' });
});

const close = async (t: Tensor, expected: readonly number[]): Promise<void> => {
  const data = await t.data();
  expect(data.length).toBe(expected.length);
  expected.forEach((x, i) => {
    expect(data[i]).toBeCloseTo(x, 5);
  });
};

describe('backward', () => {
  it('adds up over several passes', async () => {
    const x = tensor([2, 3], { requiresGrad: true });
    x.mul(x).sum().backward();
    x.mul(3).sum().backward();
    await close(x.grad as Tensor, [7, 9]);
  });

  it('gives each leaf of a shared gradient a buffer of its own', async () => {
    const a = tensor([1, 2], { requiresGrad: true });
    const b = tensor([3, 4], { requiresGrad: true });
    a.add(b).sum().backward();
    a.mul(5).sum().backward();
    await close(a.grad as Tensor, [6, 6]);
    await close(b.grad as Tensor, [1, 1]);
  });

  it('takes x.add(x)', async () => {
    const x = tensor([1, -2], { requiresGrad: true });
    x.add(x).mul(x).sum().backward();
    await close(x.grad as Tensor, [4, -8]);
  });

  it('goes through a graph that is deeper than any stack', async () => {
    const x = tensor([1], { requiresGrad: true });
    let y = x.mul(1);
    for (let i = 0; i < 20_000; i++) y = y.add(0);
    y.sum().backward();
    await close(x.grad as Tensor, [1]);
  });

  it('refuses a second pass, and allows it where the graph is retained', () => {
    const x = tensor([2], { requiresGrad: true });
    const y = x.mul(x).sum();
    y.backward({ retainGraph: true });
    y.backward();
    expect(() => y.backward()).toThrow(GraphError);
  });

  it('wants a gradient to start from where the result is no scalar', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    expect(() => x.mul(2).backward()).toThrow('backward: gradient: expected a gradient to start from');
  });

  it('names the op whose gradient failed', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const y = x.exp();
    y.registerHook(() => {
      throw new Error('mine');
    });
    expect(() => y.sum().backward()).toThrow('mine');
  });

  it('calls hooks, which may replace the gradient', async () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const y = x.mul(2);
    y.registerHook((g) => g.mul(10));
    y.sum().backward();
    await close(x.grad as Tensor, [20, 20]);
  });

  it('gives the hooks of a leaf its whole gradient once', async () => {
    const x = tensor([1, 2], { requiresGrad: true });
    x.registerHook((g) => g.mul(g));
    x.mul(2)
      .add(checkpoint((t) => t.mul(3), [x]))
      .sum()
      .backward();
    await close(x.grad as Tensor, [25, 25]);
    const [dx] = gradients(x.mul(x).sum(), [x]);
    await close(dx, [4, 16]);
  });
});

describe('higher orders', () => {
  it('differentiates gradients of primitives', async () => {
    const third = grad(grad(grad((x) => x.mul(x).mul(x).mul(x).sum())));
    await close(third(tensor([1, 2])), [24, 48]);
  });

  it('differentiates gradients of fused ops through their composites', async () => {
    const f = (x: Tensor): Tensor => gelu(x).mul(softmax(x)).sum();
    const x = tensor([0.3, -0.7, 1.1]);
    const second = grad((t: Tensor) => grad(f)(t).sum())(x);
    const h = 1e-5;
    const numeric: number[] = [];
    for (let i = 0; i < 3; i++) {
      const moved = (by: number): Tensor => x.add(tensor([0, 1, 2].map((k) => (k === i ? by : 0))));
      const up = await grad(f)(moved(h)).sum().item();
      const down = await grad(f)(moved(-h)).sum().item();
      numeric.push((up - down) / (2 * h));
    }
    const found = await second.data();
    numeric.forEach((n, i) => {
      expect(Math.abs(found[i] - n)).toBeLessThan(2e-2); // float32 reads limit the differences, not the gradient
    });
  });

  it('gives gradients inside the graph', async () => {
    const x = tensor([2], { requiresGrad: true });
    const y = x.mul(x);
    const [dy] = gradients(y.mul(3).sum(), [y]);
    await close(dy, [3]);
    expect(x.grad).toBeNull();
  });
});

describe('lifetimes', () => {
  it('leaves nothing behind where a walk fails', () => {
    const x = keep(tensor([1, 2], { requiresGrad: true }));
    const apart = keep(tensor([1], { requiresGrad: true }));
    const before = memory().buffers;
    const failing: readonly ((y: Tensor) => unknown)[] = [
      (y) => gradients(y, [x, apart]),
      (y) => y.backward({ gradient: tensor([1, 2, 3]) }),
    ];
    for (const fail of failing) {
      expect(() => scope(() => fail(x.mul(x).sum()))).toThrow();
      expect(memory().buffers).toBe(before);
    }
    const open = x.mul(2);
    open.registerHook(() => tensor([1]));
    expect(() => scope(() => open.mul(open).sum().backward())).toThrow(
      'the result of hook: expected shape [2], got [1]',
    );
    open.dispose();
    expect(memory().buffers).toBe(before);
    for (const t of [x, apart]) t.dispose();
  });

  it('frees everything in a scope but its result', () => {
    const before = memory().buffers;
    const y = scope(() => tensor([1, 2]).mul(2).add(1));
    expect(memory().buffers).toBe(before + 1);
    y.dispose();
    expect(memory().buffers).toBe(before);
  });

  it('keeps what the gradient needs until backward', async () => {
    const x = keep(tensor([1, 2], { requiresGrad: true }));
    const before = memory().buffers;
    const y = scope(() => x.exp().mul(x).sum());
    expect(memory().buffers).toBeGreaterThan(before + 1);
    y.backward();
    await close(x.grad as Tensor, [Math.E * 2, Math.exp(2) * 3]);
    y.dispose();
    x.dispose();
    expect(memory().buffers).toBe(before - 1);
  });

  it('refuses promises', () => {
    expect(() => scope(async () => 1)).toThrow('scope: fn: expected a synchronous function');
    expect(() => noGrad(async () => 1)).toThrow('noGrad: fn: expected a synchronous function');
  });

  it('frees what a step made when the next one ends, and says so', async () => {
    const model = new Linear({ inputs: 2, outputs: 1 });
    const optimizer = new AdamW(model.parameters());
    const x = tensor([[1, 2]]);
    const once = (): Tensor => {
      const loss = model.call(x).sum();
      loss.backward();
      optimizer.step();
      return loss;
    };
    const first = once();
    await first.item();
    once();
    await expect(first.data()).rejects.toThrow(TensorFreed);
    await expect(x.data()).rejects.toThrow('keep(t)');
  });

  it('holds as many buffers after 1,000 steps as after 10', async () => {
    class Mlp extends Module {
      readonly up = new Linear({ inputs: 4, outputs: 8, activation: 'gelu' });
      readonly down = new Linear({ inputs: 8, outputs: 3 });
      override forward(x: Tensor): Tensor {
        return this.down.forward(this.up.forward(x));
      }
    }
    const model = new Mlp();
    const optimizer = new AdamW(model.parameters());
    let early = 0;
    for (let step = 1; step <= 1000; step++) {
      const x = tensor([[1, 2, 3, 4]]);
      const logits = model.call(x);
      const probabilities = softmax(logits);
      const loss = probabilities.mul(logits).sum();
      loss.backward();
      optimizer.step();
      if (step === 10) early = memory().buffers;
    }
    expect(memory().buffers).toBe(early);
  });

  it('refuses a bare tensor in a field', () => {
    class Wrong extends Module {
      readonly scale = tensor([1]);
      override forward(x: Tensor): Tensor {
        return x.mul(this.scale);
      }
    }
    expect(() => new Wrong().call(tensor([1]))).toThrow('Module: scale: expected a Parameter, a buffer(t) or a module');
  });

  it('names parameters as checkpoints do, tied ones once', () => {
    class Tied extends Module {
      static override readonly names = { norm: 'LayerNorm' };
      readonly selfAttn = new Linear({ inputs: 2, outputs: 2, bias: false });
      readonly norm = new Parameter(tensor([1, 1]));
      readonly layers = [new Linear({ inputs: 2, outputs: 2 }), new Linear({ inputs: 2, outputs: 2 })];
      readonly head = this.selfAttn;
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    const model = new Tied();
    expect([...model.stateDict().keys()]).toEqual([
      'self_attn.weight',
      'LayerNorm',
      'layers.0.weight',
      'layers.0.bias',
      'layers.1.weight',
      'layers.1.bias',
    ]);
    const state = new Map([...model.stateDict()].slice(1));
    state.set('extra', tensor([1]));
    state.set('LayerNorm', tensor([1, 2, 3]));
    expect(() => model.loadStateDict(state)).toThrow(
      'loadStateDict: Tied: missing: self_attn.weight · unexpected: extra · of another shape: LayerNorm: expected [2], got [3]',
    );
  });
});
