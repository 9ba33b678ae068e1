// Modules as such: containers, modes, freezing, hooks, loading. What layers compute is held against PyTorch elsewhere.
import { beforeEach, describe, expect, it } from 'vitest';
import { arange, init, layerNorm, memory, ones, rmsNorm, type Tensor, tensor } from '../src/index';
import {
  assign,
  Dropout,
  Embedding,
  LayerNorm,
  Linear,
  type Module,
  ModuleList,
  RMSNorm,
  Sequential,
} from '../src/nn/index';
import { AdamW } from '../src/optim/index';

beforeEach(() => init({ seed: 5, threads: 1 }));

const mlp = (): Sequential =>
  new Sequential([
    new Linear({ inputs: 3, outputs: 4, activation: 'relu' }),
    new Dropout(0.5),
    new Linear({ inputs: 4, outputs: 2 }),
  ]);

describe('containers', () => {
  it('Sequential applies its layers in order, and names them by their index', async () => {
    const model = mlp().eval();
    const x = tensor([[1, -2, 3]]);
    const [first, , last] = model.layers;
    expect(await model.call(x).data()).toEqual(await last.forward(first.forward(x)).data());
    expect([...model.stateDict().keys()]).toEqual(['0.weight', '0.bias', '2.weight', '2.bias']);
    expect(model.parameterCount()).toBe(3 * 4 + 4 + 4 * 2 + 2);
  });

  it('ModuleList can be walked, trains what is in it, and has no result of its own', () => {
    const list = new ModuleList([new Linear({ inputs: 2, outputs: 2 }), new Linear({ inputs: 2, outputs: 2 })]);
    expect([list.length, [...list].length, list.parameters().length]).toEqual([2, 2, 4]);
    expect(() => list.call()).toThrow('one by one');
  });
});

describe('modes', () => {
  it('reach every module below, and dropout does nothing in evaluation', async () => {
    const model = mlp();
    expect(model.namedModules().every(({ module }) => module.training)).toBe(true);
    const x = ones([64, 3]);
    expect(await model.call(x).data()).not.toEqual(await model.call(x).data());
    expect(
      model
        .eval()
        .namedModules()
        .some(({ module }) => module.training),
    ).toBe(false);
    expect(await model.call(x).data()).toEqual(await model.call(x).data());
  });
});

describe('freezing', () => {
  it('keeps what it matches as it is, weight decay included, until it is undone', async () => {
    const model = mlp();
    const optimizer = new AdamW(model.parameters(), { lr: 0.1, weightDecay: 0.5 });
    const step = async (): Promise<string[]> => {
      const before = await values(model);
      model
        .call(ones([2, 3]))
        .sum()
        .backward();
      optimizer.step();
      const after = await values(model);
      return [...after.keys()].filter((name) => after.get(name) !== before.get(name));
    };
    // A global pattern remembers where it stopped; matching must not.
    model.freeze(/^0\./g);
    expect(await step()).toEqual(['2.weight', '2.bias']);
    model.freeze((name) => name.endsWith('bias')).unfreeze(/weight/);
    expect(await step()).toEqual(['0.weight', '2.weight']);
    model.unfreeze();
    expect(await step()).toEqual(['0.weight', '0.bias', '2.weight', '2.bias']);
    model.freeze();
    expect(() =>
      model
        .call(ones([2, 3]))
        .sum()
        .backward(),
    ).toThrow('requires a gradient');
  });

  async function values(model: Module): Promise<Map<string, string>> {
    const entries = [...model.stateDict()].map(async ([name, t]) => [name, String(await t.data())] as const);
    return new Map(await Promise.all(entries));
  }
});

describe('hooks', () => {
  it('see what a module was given and what it gave, until they are taken away', () => {
    const model = mlp();
    const seen: (readonly number[])[] = [];
    const remove = model.registerForwardHook((module, inputs, output) => {
      expect(module).toBe(model);
      seen.push((inputs[0] as Tensor).shape, (output as Tensor).shape);
    });
    model.call(ones([5, 3]));
    remove();
    model.call(ones([5, 3]));
    expect(seen).toEqual([
      [5, 3],
      [5, 2],
    ]);
  });
});

describe('loading', () => {
  it('passes over what does not fit the names where strictness is off, but never over shapes', async () => {
    const model = new Linear({ inputs: 2, outputs: 1 });
    const given = new Map([
      ['weight', tensor([[3, 4]])],
      ['extra', tensor([1])],
    ]);
    expect(() => model.loadStateDict(given)).toThrow('missing: bias · unexpected: extra');
    model.loadStateDict(given, { strict: false });
    expect(Array.from(await model.weight.data())).toEqual([3, 4]);
    const wide = new Map([['weight', tensor([[1, 2, 3]])]]);
    expect(() => model.loadStateDict(wide, { strict: false })).toThrow('expected [1, 2], got [1, 3]');
  });
});

describe('assign', () => {
  it('reads all of the source before it writes, where both are views of one storage', async () => {
    const square = arange(0, 10_000, 1, { dtype: 'float32' }).reshape([100, 100]);
    const turned = await square.transpose().data();
    assign(square, square.transpose());
    expect(await square.data()).toEqual(turned);
    const row = arange(0, 6);
    assign(row.slice([[1, 6]]), row.slice([[0, 5]]));
    expect([...(await row.data())]).toEqual([0, 0, 1, 2, 3, 4]);
  });
});

describe('memory', () => {
  it('is given back by dispose', () => {
    const before = memory().buffers;
    const model = new Sequential([new Linear({ inputs: 3, outputs: 4 }), new LayerNorm({ dim: 4 })]);
    expect(memory().buffers).toBeGreaterThan(before);
    model.dispose();
    expect(memory().buffers).toBe(before);
  });
});

describe('layers', () => {
  it('norms begin as the plain functions, with weights of one', async () => {
    const x = tensor([[1, 2, 4, 8]]);
    const close = async (a: Tensor, b: Tensor): Promise<void> => {
      const expected = await b.data();
      for (const [i, value] of (await a.data()).entries()) expect(value).toBeCloseTo(expected[i], 6);
    };
    await close(new LayerNorm({ dim: 4, eps: 1e-5 }).call(x), layerNorm(x, { eps: 1e-5 }));
    await close(new RMSNorm({ dim: 4, eps: 1e-6 }).call(x), rmsNorm(x, { eps: 1e-6, weight: ones([4]) }));
  });

  it('an embedding gives rows of its table, and learns those alone that were looked up', async () => {
    const table = new Embedding({ count: 4, dim: 2 });
    table
      .call(tensor([[1, 3, 1]], { dtype: 'int32' }))
      .sum()
      .backward();
    expect(Array.from((await table.weight.grad?.data()) ?? [])).toEqual([0, 0, 2, 2, 0, 0, 1, 1]);
  });
});
