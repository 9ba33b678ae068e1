// Starting the gpu backend: what is chosen, what is said about it, and what happens when the device goes away.
import { afterAll, describe, expect, it } from 'vitest';
import { BackendError, backendInfo, init, memory, scope, tensor } from '../../src/index';
import { missing } from './dawn';

describe.skipIf(missing !== null)('init', () => {
  afterAll(() => init({ backend: 'reference' }));

  it('says what runs', async () => {
    const info = await init({ backend: 'gpu' });
    expect(info).toMatchObject({ backend: 'gpu', gpu: { mode: 'webgpu', software: true, kernels: 'auto' } });
    expect(info.gpu?.adapter.length).toBeGreaterThan(0);
    expect(info.gpu?.limits['maxBufferSize']).toBeGreaterThan(1e6);
    expect(info.notes.join()).toContain('software adapter');
  });

  it('takes wasm by itself where the only adapter is a processor, and says why', async () => {
    const { backend, notes } = await init({ backend: 'auto' });
    expect(backend).toBe('wasm');
    expect(notes.join()).toMatch(/auto chose wasm: .*software adapter/);
    expect(backendInfo().notes).toEqual(notes);
  });

  it('refuses webgl2 where there is none', async () => {
    await expect(init({ backend: 'gpu', gpu: { mode: 'webgl2' } })).rejects.toThrow(BackendError);
  });

  it('rejects reads from a lost device, and starts anew', async () => {
    await init({ backend: 'gpu', gpu: { mode: 'webgpu' } });
    const before = memory().buffers;
    const x = tensor([1, 2, 3]);
    const { WebGPUContext } = await import('gpu.js').then((loaded: object) => loaded as ContextOwner);
    const { device } = await WebGPUContext.acquire();
    device.destroy();
    await device.lost;
    await expect(x.mul(2).data()).rejects.toThrow(/lost.*init\(\) again/);
    await expect(x.data()).rejects.toThrow(BackendError);
    x.dispose();
    await init({ backend: 'gpu', gpu: { mode: 'webgpu' } });
    const y = await scope(() => tensor([1, 2, 3]).mul(2)).data();
    expect([...y]).toEqual([2, 4, 6]);
    expect(memory().buffers).toBeGreaterThanOrEqual(before);
  });

  it('passes an impossible size on as OutOfMemory with the numbers', async () => {
    const info = await init({ backend: 'gpu' });
    const limit = info.gpu?.limits['maxStorageBufferBindingSize'] ?? 0;
    const elements = Math.ceil(limit / 4) + 1;
    const failed = tensor([1]).expand([elements]).mul(2);
    await expect(failed.data()).rejects.toMatchObject({
      name: 'OutOfMemory',
      requestedBytes: elements * 4,
      limitBytes: expect.any(Number),
    });
    failed.dispose();
  });
});

interface ContextOwner {
  readonly WebGPUContext: {
    acquire(): Promise<{ readonly device: { destroy(): void; readonly lost: Promise<unknown> } }>;
  };
}
