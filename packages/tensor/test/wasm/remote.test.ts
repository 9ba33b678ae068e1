// The engine behind commands, as a page has it in a worker: every op through the protocol, errors, order, memory. The
// worker's side runs in this thread; in Chromium it is a worker.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { Engine, type EngineOptions } from '../../src/backends/wasm/engine/engine';
import { WorkerLost } from '../../src/backends/wasm/engine/worker-lost';
import { serve } from '../../src/backends/wasm/remote/host';
import { packError, type Reply, unpackError } from '../../src/backends/wasm/remote/protocol';
import { type Remote, remoteBackend } from '../../src/backends/wasm/remote/remote-backend';
import {
  BackendError,
  crossEntropy,
  embedding,
  IndexError,
  linear,
  memory,
  noGrad,
  OutOfMemory,
} from '../../src/index';
import { keep, scope } from '../../src/lifetime';
import { Linear, Sequential } from '../../src/nn/index';
import { full, randn, tensor, zeros } from '../../src/ops/create';
import { AdamW, clipGradNorm } from '../../src/optim/index';
import { on } from '../support/backends';
import { describeParity } from '../support/parity';

interface Rig extends Remote {
  readonly engine: Engine;
}

/** A backend and its engine; all that passes between them is cloned, as messages are. */
async function rig(options: EngineOptions = {}): Promise<Rig> {
  const engine = await Engine.create({ threads: 1, blas: 'off', ...options });
  let last = Promise.resolve();
  const replies: Reply[] = [];
  const run = serve(engine, (reply) => {
    replies.push(structuredClone(reply));
    queueMicrotask(() => {
      for (const each of replies.splice(0)) remote.receive(each);
    });
  });
  const remote = remoteBackend({
    post(commands, transfer) {
      const sent = structuredClone(commands, { transfer });
      last = last.then(() => new Promise((done) => setImmediate(done))).then(() => run(sent));
    },
    close: () => void engine.dispose(),
  });
  return { ...remote, engine };
}

describeParity('wasm, in a worker', async () => (await rig()).backend, {
  proof: (backend) => expect(backend.info().notes.join()).toContain('in a worker of its own'),
});

describe('a page', () => {
  let r: Rig;
  let backend: Backend;
  beforeAll(async () => {
    r = await rig({ maxBytes: 24 << 20 });
    backend = r.backend;
  });
  afterAll(() => backend.dispose());

  test('builds a whole training step before anything has run', async () => {
    const live = r.engine.liveBuffers;
    const before = memory().buffers;
    await on(backend, async () => {
      const model = new Sequential([
        new Linear({ inputs: 8, outputs: 16, activation: 'gelu' }),
        new Linear({ inputs: 16, outputs: 3 }),
      ]);
      const optimizer = new AdamW(model.parameters(), { lr: 0.05 });
      const x = keep(randn([12, 8]));
      const labels = Int32Array.from({ length: 12 }, (_, i) => i % 3);
      const losses: number[] = [];
      for (let i = 0; i < 30; i++) {
        const made = r.engine.liveBuffers;
        const loss = crossEntropy(model.call(x), labels);
        loss.backward();
        clipGradNorm(model.parameters(), 1);
        optimizer.step();
        expect(r.engine.liveBuffers).toBe(made); // nothing has run yet
        losses.push(await loss.item());
      }
      expect(losses[29]).toBeLessThan(losses[0] / 2);
      model.dispose();
      x.dispose();
    });
    expect(memory().buffers - before).toBeLessThan(30);
    expect(r.engine.liveBuffers - live).toBeLessThan(60);
  });

  test('hears at the next await of an index that is wrong, and goes on', async () => {
    await on(backend, async () => {
      const rows = embedding(zeros([4, 2]), tensor([1, 9], { dtype: 'int32' }));
      const later = rows.add(1).sum();
      await expect(later.item()).rejects.toThrow(IndexError);
      await expect(rows.data()).rejects.toThrow('embedding: index');
      expect(await full([2], 3).add(1).data()).toEqual(Float32Array.of(4, 4));
    });
  });

  test('hears of memory that ran out in a backward pass, with its sizes, and goes on', async () => {
    await on(backend, async () => {
      const live = r.engine.liveBuffers;
      const failed = scope(() => {
        const x = full([1024, 1024], 0.5, { requiresGrad: true }); // 4 MB
        const w = full([1024, 1024], 0.5, { requiresGrad: true });
        const loss = linear(linear(x, w), w).sum(); // 8 MB, and 12 MB of gradients that don't fit
        loss.backward();
        return x.grad?.alias();
      });
      const error = await failed?.data().catch((e: unknown) => e);
      expect(error).toBeInstanceOf(OutOfMemory);
      expect(error).toMatchObject({ op: 'backward of linear', limitBytes: 24 << 20, requestedBytes: 4 << 20 });
      failed?.dispose();
      expect(await full([2], 3).add(1).data()).toEqual(Float32Array.of(4, 4));
      expect(r.engine.liveBuffers).toBeLessThanOrEqual(live + 8);
    });
  });

  test('is told when the worker has ended', async () => {
    const other = await rig();
    await on(other.backend, async () => {
      const x = full([2], 1);
      const waiting = x.data();
      other.end('the worker of the engine has ended');
      await expect(waiting).rejects.toThrow(BackendError);
      await expect(noGrad(() => x.add(1)).data()).rejects.toThrow('has ended');
      expect(other.backend.isLost?.()).toBe(true);
    });
  });
});

test('errors cross with their class and fields', () => {
  const errors = [
    new OutOfMemory('matmul', 10, 20, 30, [[2, 3]]),
    new IndexError('take', 'index', 'indices in [0, 3]', '7'),
    new WorkerLost(2),
    new BackendError('wasm', 'a kernel failed'),
  ];
  for (const error of errors) {
    const back = unpackError(structuredClone(packError(error)));
    expect(back).toBeInstanceOf(error.constructor);
    expect({ ...back, message: back.message }).toEqual({ ...error, message: error.message });
  }
  expect(unpackError(packError(new TypeError('odd'))).message).toBe('wasm: odd');
});
