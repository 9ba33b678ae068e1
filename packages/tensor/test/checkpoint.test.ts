// checkpoint: what it keeps, gives and refuses.
import { beforeAll, describe, expect, it } from 'vitest';
import {
  checkpoint,
  dropout,
  gelu,
  init,
  keep,
  manualSeed,
  memory,
  type Tensor,
  take,
  tensor,
  where,
} from '../src/index';
import { Linear } from '../src/nn/index';
import { expectClose } from './support/compare';

beforeAll(() => init({ backend: 'reference' }));

describe('checkpoint', () => {
  it('gives the gradients of inputs and parameters that the plain function gives', async () => {
    const layer = new Linear({ inputs: 3, outputs: 3 });
    const x = tensor([[0.1, -0.4, 0.9]], { requiresGrad: true });
    const body = (t: Tensor): Tensor => dropout(gelu(layer.forward(t)).mul(t), 0.3);
    manualSeed(3);
    const plain = body(x).sum();
    plain.backward();
    const leaves: Tensor[] = [x, layer.weight];
    const taken = (): Promise<(Float32Array | undefined)[]> =>
      Promise.all(
        leaves.map(async (leaf) => {
          const data = await leaf.grad?.data();
          leaf.grad?.dispose();
          leaf.grad = null;
          return data;
        }),
      );
    const expected = await taken();
    manualSeed(3);
    const again = checkpoint(body, [x]).sum();
    again.backward();
    expect(await again.item()).toBe(await plain.item());
    expect(await taken()).toEqual(expected);
  });

  it('keeps nothing between forward and backward but its inputs', () => {
    const x = keep(tensor([1, 2], { requiresGrad: true }));
    const before = memory().buffers;
    const y = checkpoint((t) => t.exp().mul(t).exp().mul(t), [x]);
    expect(memory().buffers).toBe(before + 1);
    y.sum().backward();
    x.dispose();
  });

  it('refuses a function that reads a tensor of the graph which is none of its inputs', async () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const hidden = x.mul(3);
    expect(() =>
      checkpoint((t) => t.mul(hidden), [x])
        .sum()
        .backward(),
    ).toThrow('checkpoint: the function uses a tensor made by affine that wants a gradient and is none of its inputs');
    const open = x.mul(3);
    x.grad = null;
    checkpoint((t, u) => t.mul(u), [x, open])
      .sum()
      .backward();
    expectClose(await (x.grad as unknown as Tensor).data(), [6, 12], 1e-5, 'gradient');
  });

  it('hands on inputs that are no floats', async () => {
    const table = tensor([[1], [2], [3]], { requiresGrad: true });
    const ids = tensor(new Int32Array([2, 0, 2]));
    const open = tensor([true, false, true]);
    checkpoint((w, index, kept) => where(kept.unsqueeze(1), take(w, index), 0), [table, ids, open])
      .sum()
      .backward();
    expectClose(await (table.grad as Tensor).data(), [0, 0, 2], 1e-5, 'gradient');
  });

  it('lets a part that learns nothing stand in a model that learns', async () => {
    const frozen = tensor([2, 3]);
    const w = tensor([1, 2], { requiresGrad: true });
    checkpoint((t) => t.mul(2), [frozen])
      .mul(w)
      .sum()
      .backward();
    expectClose(await (w.grad as Tensor).data(), [4, 6], 1e-5, 'gradient');
  });
});
