// The gpu backend: gpu.js kernels for every primitive, on webgpu or webgl2, and our own for the hot ops on webgpu.
import type { DType, HostArrays } from '../../dtype';
import { ArgumentError, BackendError, HeddleError } from '../../errors';
import type { GpuOptions as PublicOptions } from '../../init';
import type { Backend, BackendInfo, FusedTable, InPlaceKernels, KernelTable } from '../backend';
import type { GpuBuffer } from './buffer';
import type { Device } from './device';
import { portableFused } from './fused/index';
import { GPU_JS_VERSION } from './gpujs';
import { elementwise } from './kernels/elementwise';
import { inPlaceKernels } from './kernels/in-place';
import { indexing } from './kernels/indexing';
import { matmul, portableProduct } from './kernels/product';
import { reductions } from './kernels/reductions';
import { createWebGlDevice } from './webgl-device';
import { createWebGpuDevice, WebGpuDevice } from './webgpu-device';
import { hotFused, hotInPlace, hotKernels } from './wgsl/index';
import { tiledProduct, tune, type Variant } from './wgsl/matmul';

/** Settings of the gpu backend. */
export interface GpuOptions extends PublicOptions {
  /** Refuse adapters that a processor plays, as `init({ backend: 'auto' })` does. */
  readonly hardwareOnly?: boolean;
}

/** Starts the gpu backend. */
export async function createGpu(options: GpuOptions = {}): Promise<Backend<GpuBuffer>> {
  const { device, because } = await start(options);
  if (options.kernels === 'portable' || !(device instanceof WebGpuDevice)) return backendOn(device, null, because);
  return backendOn(device, { device, variant: await tune(device) }, because);
}

/** A device, and why it is this one, where another was tried before. */
interface Started {
  readonly device: Device;
  readonly because: readonly string[];
}

async function start(options: GpuOptions): Promise<Started> {
  const mode = options.mode ?? 'auto';
  switch (mode) {
    case 'webgpu':
      return { device: await createWebGpuDevice(options), because: [] };
    case 'webgl2':
      return { device: await createWebGlDevice(options), because: [] };
    case 'auto':
      try {
        return { device: await createWebGpuDevice(options), because: [] };
      } catch (webgpu) {
        const because = [`webgl2 runs, since there is no webgpu to use: ${reason(webgpu)}`];
        const device = await createWebGlDevice(options).catch((webgl: unknown) => {
          throw new BackendError('gpu', `${reason(webgpu)}; ${reason(webgl)}`);
        });
        return { device, because };
      }
    default:
      throw new ArgumentError('init', 'gpu.mode', 'auto, webgpu or webgl2', String(mode satisfies never));
  }
}

function reason(error: unknown): string {
  if (!(error instanceof HeddleError)) throw error;
  return error.message.replace(/^gpu: /, '');
}

/** A device that our own kernels run on, and how its matrix product holds tiles. */
interface Own {
  readonly device: WebGpuDevice;
  readonly variant: Variant;
}

function backendOn(device: Device, own: Own | null, because: readonly string[]): Backend<GpuBuffer> {
  const product = own === null ? portableProduct(device) : tiledProduct(own.device, own.variant);
  const portable: KernelTable<GpuBuffer> = {
    ...elementwise(device),
    ...reductions(device),
    ...indexing(device),
    matmul: matmul(product),
  };
  const table: KernelTable<GpuBuffer> = { ...portable, ...(own && hotKernels(own.device, portable)) };
  const fused: FusedTable<GpuBuffer> = {
    ...portableFused(device, product),
    ...(own && hotFused(own.device, product, own.variant)),
  };
  const inPlace: InPlaceKernels<GpuBuffer> = { ...inPlaceKernels(device), ...(own && hotInPlace(own.device)) };
  return {
    name: 'gpu',
    kernels: table,
    fused,
    inPlace,
    upload: (data) => device.upload(data instanceof Float32Array ? data : Float32Array.from(data)),
    read: async (buffer, offset, count, dtype) => toHost(await device.read(buffer, offset, count), dtype),
    free: (buffer) => device.free(buffer),
    info: () => describe(device, own, because),
    isLost: () => device.isLost,
    dispose: () => device.dispose(),
  };
}

function toHost<D extends DType>(values: Float32Array, dtype: D): HostArrays[D] {
  const arrays: { readonly [K in DType]: () => HostArrays[K] } = {
    float32: () => values,
    // The greatest int32 is no float: it would come back as the least.
    int32: () => Int32Array.from(values, (value) => Math.min(value, 2 ** 31 - 1)),
    bool: () => Uint8Array.from(values),
  };
  return arrays[dtype]();
}

function describe(device: Device, own: Own | null, because: readonly string[]): BackendInfo {
  const { mode, facts, counts } = device;
  return {
    backend: 'gpu',
    threads: 1,
    simd: 'none',
    blas: 'none',
    notes: [
      ...because,
      ...(facts.software ? [`${facts.adapter} is a software adapter: a processor plays the GPU`] : []),
      ...(own === null
        ? []
        : [`matrix products hold their tiles in ${own.variant === 'shared' ? 'workgroup memory' : 'registers'}`]),
      'int32 and bool are held as floats: whole numbers are exact up to 2^24',
    ],
    gpu: {
      mode,
      kernels: own === null ? 'portable' : 'auto',
      gpujs: GPU_JS_VERSION,
      viaHost: [],
      ...facts,
      counts: { ...counts },
      reservedBytes: device.reservedBytes,
    },
  };
}
