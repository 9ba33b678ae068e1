// The profiler counts what ran: calls, work and traffic by op and phase.
import { beforeAll, expect, it } from 'vitest';
import { init, linear, profile, randn } from '../src/index';
import { Parameter } from '../src/nn/index';
import { clipGradNorm, clipGradValue, SGD } from '../src/optim/index';
import { runtime } from '../src/runtime';

beforeAll(async () => {
  await init({ backend: 'reference' });
});

it('lists every kernel with its calls, work and bytes', async () => {
  const x = randn([4, 8]);
  const w = randn([3, 8], { requiresGrad: true });
  const { rows, calls, table, trace, result } = await profile(() => {
    const y = linear(x, w).sum();
    y.backward();
    return y.item();
  });
  expect(Number.isFinite(result)).toBe(true);
  const product = calls.find((call) => call.op === 'matmul' && call.phase === 'forward');
  expect(product).toMatchObject({ flops: 2 * 4 * 8 * 3, bytes: 4 * (4 * 8 + 8 * 3 + 4 * 3) });
  const forward = rows.find((row) => row.op === 'matmul' && row.phase === 'forward');
  expect(forward).toMatchObject({ calls: 1, flops: product?.flops, bytes: product?.bytes });
  expect(rows.some((row) => row.op === 'matmul' && row.phase === 'backward')).toBe(true);
  expect(table().split('\n')[0]).toMatch(/calls +ms +% +GFLOP\/s +MB +GB\/s/);
  const { traceEvents } = JSON.parse(trace());
  expect(traceEvents).toHaveLength(calls.length);
  expect(traceEvents[0]).toMatchObject({ ph: 'X', args: { bytes: calls[0].bytes, flops: calls[0].flops } });
});

it('lists what goes over the gradients between the passes and the step', async () => {
  const w = new Parameter(randn([3, 8]));
  const optimizer = new SGD([w], { lr: 0.1 });
  const { rows } = await profile(() => {
    w.mul(2).sum().backward();
    clipGradNorm([w], 1);
    clipGradValue([w], 1);
    optimizer.step();
  });
  const updates = rows.filter(({ phase }) => phase === 'update');
  expect(updates.map(({ op }) => op).sort()).toEqual(['SGD', 'clampInPlace', 'scaleInPlace', 'sumSquares']);
  expect(updates.every(({ calls, bytes }) => calls === 1 && bytes >= 4 * 24)).toBe(true);
});

it('stops counting when the function has ended, even by throwing', async () => {
  await expect(
    profile(() => {
      throw new Error('mine');
    }),
  ).rejects.toThrow('mine');
  expect(runtime.profiler).toBeNull();
});

it('counts what overlaps or is nested in each, and nothing once all have ended', async () => {
  let last = (): void => undefined;
  const waits = new Promise<void>((resolve) => {
    last = resolve;
  });
  const op = (): unknown => randn([2]).mul(2);
  const first = profile(async () => {
    op();
    await Promise.resolve();
    op();
  });
  const second = profile(async () => {
    op();
    await waits;
    const { calls } = await profile(op);
    expect(calls).toHaveLength(1);
  });
  expect((await first).calls).toHaveLength(3);
  op();
  last();
  expect((await second).calls).toHaveLength(4);
  expect(runtime.profiler).toBeNull();
});
