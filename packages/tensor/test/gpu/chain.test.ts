// Chains of elementwise ops: how many kernels they take, that they give what single ops give, and that nothing that they
// still have to read changes under them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { createGpu } from '../../src/backends/gpu/index';
import { createReference } from '../../src/backends/reference/index';
import { geluOp } from '../../src/fused/activations';
import { arange, dropout, lessEqual, noGrad, randn, type Tensor, tensor, unsqueeze, where } from '../../src/index';
import { assign, Parameter } from '../../src/nn/index';
import { AdamW } from '../../src/optim/index';
import { Generator } from '../../src/random';
import { on, onReference } from '../support/backends';
import { expectClose } from '../support/compare';
import { missing } from './dawn';

const draw = (shape: readonly number[], seed: number): Tensor => randn(shape, { generator: new Generator(seed) });

/** Programs of elementwise ops, and the most kernels that they may take. */
const programs: Record<string, { readonly run: () => Tensor; readonly launches: number }> = {
  'the composite of gelu': {
    run: () => geluOp.definition.composite([draw([6, 10], 1)], { approximate: 'none' }),
    launches: 1,
  },
  'the composite of gelu by tanh': {
    run: () => geluOp.definition.composite([draw([6, 10], 1)], { approximate: 'tanh' }),
    launches: 1,
  },
  'a residual and a dropout': {
    run: () => draw([5, 9], 1).add(dropout(draw([5, 9], 2), 0.4, { generator: new Generator(3) })),
    launches: 1,
  },
  // Positions are two kernels; the comparison and the choice one.
  'a causal mask over scores': {
    run: () => where(lessEqual(arange(0, 7), unsqueeze(arange(0, 7), 1)), draw([2, 3, 7, 7], 1), -1e9),
    launches: 3,
  },
  'a transposed operand': {
    run: () =>
      draw([4, 6], 1)
        .mul(2)
        .transpose()
        .add(draw([6, 4], 2))
        .sub(1),
    launches: 1,
  },
  'a reshaped operand': {
    run: () =>
      draw([4, 6], 1)
        .mul(2)
        .reshape([3, 8])
        .sub(draw([8], 2)),
    launches: 1,
  },
  // No strides say where the elements of a transposed matrix lie in another shape.
  'an operand that is transposed, then reshaped': {
    run: () => draw([4, 6], 1).transpose().mul(2).reshape([3, 8]).sub(1),
    launches: 2,
  },
  // More steps than one kernel takes, which end in one result all the same.
  'a long chain': {
    run: () => Array.from({ length: 40 }).reduce<Tensor>((x) => x.mul(0.9).add(0.1), draw([11], 1)),
    launches: 5,
  },
};

describe.skipIf(missing !== null).each(['portable', 'auto'] as const)('chains, %s kernels', (kernels) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createGpu({ mode: 'webgpu', kernels });
  });
  afterAll(() => backend.dispose());

  const launched = (): number => {
    const counts = backend.info().gpu?.counts;
    return (counts?.portable ?? 0) + (counts?.own ?? 0);
  };

  it.each(Object.entries(programs))('%s', async (_, program) => {
    const reference = await onReference(async () => {
      const y = noGrad(program.run);
      return { shape: y.shape, values: await y.data() };
    });
    const { values, shape, count } = await on(backend, async () => {
      const start = launched();
      const y = noGrad(program.run);
      const data = await y.data();
      return { values: data, shape: y.shape, count: launched() - start };
    });
    expect(shape).toEqual(reference.shape);
    expectClose(values, reference.values, 1e-5, 'result');
    expect(count).toBeLessThanOrEqual(program.launches);
  });

  it('runs nothing for a result that nobody asks for', async () => {
    await on(backend, () => {
      const x = draw([8], 1);
      const start = launched();
      const y = x.mul(2).add(1);
      y.dispose();
      expect(launched()).toBe(start);
      x.dispose();
    });
  });

  it('runs as it goes in a loop that reads nothing for long', async () => {
    await on(backend, async () => {
      const x = tensor([1, 2]);
      let total = noGrad(() => x.mul(0));
      for (let i = 0; i < 20_000; i++) {
        const next = noGrad(() => total.add(x));
        total.dispose();
        total = next;
      }
      expect([...(await total.data())]).toEqual([20_000, 40_000]);
      for (const t of [x, total]) t.dispose();
    });
  });

  it('reads what an update in place is about to change', async () => {
    await on(backend, async () => {
      const p = new Parameter(tensor([1, 2, 3]));
      const doubled = noGrad(() => p.mul(2));
      assign(p, tensor([7, 8, 9]));
      expect([...(await doubled.data())]).toEqual([2, 4, 6]);
      expect([...(await p.data())]).toEqual([7, 8, 9]);
      for (const t of [p, doubled]) t.dispose();
    });
  });

  it('lets inputs go that a pending result still reads', async () => {
    await on(backend, async () => {
      const x = tensor([1, 2, 3]);
      const y = noGrad(() => x.add(1));
      x.dispose();
      // Would take the buffer of x, were it free.
      const z = tensor([9, 9, 9]);
      expect([...(await y.data())]).toEqual([2, 3, 4]);
      for (const t of [y, z]) t.dispose();
    });
  });

  it('copies parameters that the optimizer has put side by side from one to another', async () => {
    const run = (chosen: Backend) =>
      on(chosen, async () => {
        const [a, b] = [new Parameter(draw([70], 1)), new Parameter(draw([70], 2))];
        const optimizer = new AdamW([a, b], { lr: 0.1 });
        for (let step = 0; step < 3; step++) {
          a.mul(b).sum().backward();
          if (step === 1) a.mul(2).sum().backward();
          optimizer.step();
        }
        assign(a, b);
        noGrad(() => b.storage.backend.inPlace.addInto(b, a));
        // One of them alone, and then both again.
        for (const chosenOnes of [[a], [a, b]]) {
          for (const p of chosenOnes) p.mul(p).sum().backward();
          optimizer.step();
        }
        const values = [...(await a.data()), ...(await b.data())];
        optimizer.dispose();
        for (const p of [a, b]) p.dispose();
        return values;
      });
    expectClose(await run(backend), await run(createReference()), 1e-5, 'parameters');
  });
});
