// Starting the gpu backend: what is chosen, what is said about it, and what happens when the device goes away.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWebGpuDevice, type WebGpuDevice } from '../../src/backends/gpu/webgpu-device';
import { BackendError, backendInfo, DeviceLost, init, LimitExceeded, memory, scope, tensor } from '../../src/index';
import { missing, onHardware } from './dawn';

describe.skipIf(missing !== null)('init', () => {
  afterAll(() => init({ backend: 'reference' }));

  it('says what runs', async () => {
    const info = await init({ backend: 'gpu' });
    expect(info).toMatchObject({ backend: 'gpu', gpu: { mode: 'webgpu', software: !onHardware, kernels: 'auto' } });
    expect(info.gpu?.adapter.length).toBeGreaterThan(0);
    expect(info.gpu?.limits['maxBufferSize']).toBeGreaterThan(1e6);
    expect(info.notes.join().includes('software adapter')).toBe(!onHardware);
  });

  it.runIf(onHardware)('takes a GPU by itself, and says which', async () => {
    const { backend, gpu, notes } = await init({ backend: 'auto' });
    expect(backend).toBe('gpu');
    expect(notes).toContain(`auto chose gpu: webgpu has a hardware adapter, ${gpu?.adapter}`);
  });

  it.skipIf(onHardware)('takes wasm by itself where the only adapter is a processor, and says why', async () => {
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

describe.skipIf(missing !== null)('limits', () => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = await createWebGpuDevice();
  });
  afterAll(() => device.dispose());

  it('says how many buffers a kernel needs where that is too many, of gpu.js or of our own', async () => {
    const many = Array.from({ length: device.bindings }, () => device.upload(new Float32Array(1)));
    const args = many.map((buffer) => ({ buffer, dims: [1] }));
    const launch = (): unknown =>
      device.launch({ key: 'many', source: () => '', helpers: () => [], output: [1], args, loops: 1, once: false });
    const own = (): unknown =>
      device.compute({
        key: 'many',
        source: () => '',
        params: {},
        reads: Object.fromEntries(many.map((buffer, i) => [`x${i}`, buffer])),
        writes: { y: many[0] },
        groups: [1, 1, 1],
      });
    for (const run of [launch, own]) {
      expect(run).toThrow(LimitExceeded);
      expect(run).toThrow(`maxStorageBuffersPerShaderStage = ${device.bindings + 1}, and this device allows`);
    }
    for (const buffer of many) device.free(buffer);
  });

  it('passes on, with the numbers, that the device has no room left', async () => {
    const { WebGPUContext } = await import('gpu.js').then((loaded: object) => loaded as ContextOwner);
    const { device: raw } = await WebGPUContext.acquire();
    // What a device answers whose memory is full: filling a processor's would take the machine along.
    const isFull = () => Promise.resolve(new Error('no room'));
    Object.defineProperty(raw, 'popErrorScope', { value: isFull, configurable: true });
    const buffer = device.allocate(300_000);
    Reflect.deleteProperty(raw, 'popErrorScope');
    await expect(device.read(buffer, 0, 1)).rejects.toMatchObject({
      name: 'OutOfMemory',
      requestedBytes: expect.any(Number),
      liveBytes: expect.any(Number),
      message: expect.stringMatching(/asked for 1\.\d MB with 1\.\d MB in use/),
    });
    device.free(buffer);
  });

  it('rejects what is being read when the device goes away', async () => {
    const lost = await createWebGpuDevice();
    const buffer = lost.upload(new Float32Array(4));
    const reading = lost.read(buffer, 0, 4);
    const { WebGPUContext } = await import('gpu.js').then((loaded: object) => loaded as ContextOwner);
    (await WebGPUContext.acquire()).device.destroy();
    await expect(reading).rejects.toThrow(DeviceLost);
    await expect(lost.settled()).rejects.toThrow(DeviceLost);
    expect(() =>
      lost.compute({ key: '', source: () => '', params: {}, reads: {}, writes: {}, groups: [1, 1, 1] }),
    ).toThrow(DeviceLost);
  });
});

interface ContextOwner {
  readonly WebGPUContext: {
    acquire(): Promise<{ readonly device: { destroy(): void; readonly lost: Promise<unknown> } }>;
  };
}
