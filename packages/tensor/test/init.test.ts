// Starting backends: options, overlapping and repeated calls, a second copy of the package.
import { afterEach, describe, expect, it } from 'vitest';
import { ArgumentError, BackendError, backendInfo, init, rand, tensor } from '../src/index';
import { currentBackend } from '../src/runtime';

describe('init', () => {
  it('names the option that is wrong', async () => {
    await expect(init({ threads: 0 })).rejects.toThrow(ArgumentError);
    // @ts-expect-error no such backend
    await expect(init({ backend: 'abacus' })).rejects.toThrow('init: backend: expected auto, wasm, gpu or reference');
    // @ts-expect-error no such level
    await expect(init({ simd: 'avx' })).rejects.toThrow('init: simd: expected auto, plain or relaxed, got avx');
    // @ts-expect-error no URL
    await expect(init({ workerUrl: 5 })).rejects.toThrow('init: workerUrl: expected a URL or a path, got 5');
    // @ts-expect-error no URL
    await expect(init({ wasmUrl: {} })).rejects.toThrow('init: wasmUrl: expected a URL or a path, got an object');
    // @ts-expect-error no path
    await expect(init({ blas: true })).rejects.toThrow(
      "init: blas: expected 'auto', 'off' or a library's path, got true",
    );
    // @ts-expect-error no options
    await expect(init(null)).rejects.toThrow('init: options: expected an object');
  });

  it('leaves the backend in use where the seed is wrong', async () => {
    await init({ backend: 'reference' });
    await expect(init({ backend: 'wasm', threads: 1, seed: Number.NaN })).rejects.toThrow('seed');
    expect(backendInfo().backend).toBe('reference');
  });

  it('takes the same settings again without starting anew, and seeds again', async () => {
    await init({ backend: 'wasm', threads: 1, seed: 3 });
    const first = currentBackend();
    const a = await rand([4]).data();
    await init({ backend: 'wasm', threads: 1, seed: 3 });
    expect(currentBackend()).toBe(first);
    expect(await rand([4]).data()).toEqual(a);
  });

  it('lets overlapping calls take turns: the last one wins', async () => {
    await Promise.all([init({ backend: 'wasm', threads: 1 }), init({ backend: 'reference' })]);
    expect(backendInfo().backend).toBe('reference');
  });

  it('lets the threads of the backend before end, which start again for its tensors', async () => {
    const ended = new Promise<unknown>((resolve) => {
      process.once('worker', (worker) => worker.once('exit', resolve));
    });
    await init({ backend: 'wasm', threads: 2 });
    const x = rand([1 << 20]);
    const before = await x.exp().data();
    await init({ backend: 'reference' });
    await ended;
    expect(await x.exp().data()).toEqual(before);
  });

  it('goes on with one thread, and says so, where no worker can be made', async () => {
    // Node takes no such source.
    await init({ backend: 'wasm', threads: 3, workerUrl: 'https://example.com/worker.js' });
    expect(
      await tensor(new Float32Array(1 << 20).fill(2))
        .sum()
        .item(),
    ).toBe(2 ** 21);
    expect(backendInfo().threads).toBe(1);
    expect(backendInfo().notes.join()).toMatch('no worker starts here');
  });

  it('leaves tensors on the backend that they were made on, and says so when they meet', async () => {
    await init({ backend: 'reference' });
    const x = tensor([1, 2]);
    await init({ backend: 'wasm', threads: 1 });
    expect(Array.from(await x.add(1).data())).toEqual([2, 3]);
    expect(() => x.add(tensor([1, 2]))).toThrow('add: input 1: expected a tensor on reference, got one on wasm');
  });
});

describe('a second copy of the package', () => {
  const mark = Symbol.for('@heddle/tensor');
  const own = Reflect.get(globalThis, mark);
  afterEach(() => {
    Reflect.set(globalThis, mark, own);
  });

  it('is found and explained', async () => {
    await init({ backend: 'reference' });
    Reflect.set(globalThis, mark, {});
    await expect(init()).rejects.toThrow(BackendError);
    await expect(init()).rejects.toThrow('two copies of @heddle/tensor are loaded');
    Reflect.deleteProperty(globalThis, mark);
  });
});
