// The webgl2 device: gpu.js kernels that draw into float textures. No kernels of our own here.
import { BackendError, DeviceLost, LimitExceeded, OutOfMemory } from '../../errors';
import { GpuBuffer } from './buffer';
import {
  type Argument,
  type Counts,
  type Device,
  type DeviceFacts,
  type Helper,
  isSoftware,
  type Launch,
  sourceOfHelper,
} from './device';
import { type GpuInstance, type GpuJs, loadGpuJs, type Shortcut, type TextureResult } from './gpujs';
import { KernelCache } from './kernel-cache';

/** Kernels that stay compiled. Each keeps the texture that it drew last for its next result. */
const CAPACITY = 512;

/** Type of a texture that holds one float a texel, in gpu.js's words. */
const TEXTURE = 'ArrayTexture(1)';

/** Settings of the webgl2 device. */
export interface WebGlOptions {
  /** Refuse renderers that a processor plays. */
  readonly hardwareOnly?: boolean;
}

/** Starts webgl2. Throws where there is none. */
export async function createWebGlDevice(options: WebGlOptions = {}): Promise<WebGlDevice> {
  const context = webgl2();
  if (context === null) throw new BackendError('gpu', 'this runtime has no WebGL 2: use the wasm backend');
  const device = new WebGlDevice(await loadGpuJs(), context);
  if (options.hardwareOnly && device.facts.software) {
    await device.dispose();
    throw new BackendError('gpu', `WebGL 2 found only a software renderer (${device.facts.adapter})`);
  }
  return device;
}

function webgl2(): WebGL2RenderingContext | null {
  const canvas =
    typeof OffscreenCanvas !== 'undefined'
      ? new OffscreenCanvas(1, 1)
      : typeof document !== 'undefined'
        ? document.createElement('canvas')
        : null;
  if (canvas === null) return null;
  const settings = { alpha: false, depth: false, antialias: false };
  return canvas.getContext('webgl2', settings) as WebGL2RenderingContext | null;
}

/** A device that runs gpu.js kernels on textures. */
export class WebGlDevice implements Device {
  readonly mode = 'webgl2';
  readonly facts: DeviceFacts;
  readonly counts: Counts = { portable: 0, own: 0, compiled: 0, reads: 0 };
  private readonly gpu: GpuInstance;
  private readonly kernels = new KernelCache<Shortcut>(CAPACITY, (kernel) => kernel.destroy());
  private readonly largest: number;
  /** Class of results with one axis. */
  private flat: object | null = null;
  /** gpu.js's kernels each keep one texture more, for their next result. */
  reservedBytes = 0;

  constructor(
    private readonly gpujs: GpuJs,
    private readonly context: WebGL2RenderingContext,
  ) {
    if (context.getExtension('EXT_color_buffer_float') === null) {
      throw new BackendError('gpu', 'this WebGL 2 cannot draw into float textures: use the wasm backend');
    }
    this.gpu = new gpujs.GPU({ mode: 'webgl2', canvas: context.canvas, context });
    this.largest = Number(context.getParameter(context.MAX_TEXTURE_SIZE));
    this.facts = factsOf(context, this.largest);
    // The first result says which class all others take.
    this.free(this.upload(new Float32Array(1)));
  }

  get isLost(): boolean {
    return this.context.isContextLost();
  }

  launch({ key, source, helpers, output, args, loops }: Launch): GpuBuffer {
    this.assertUsable();
    const handles = args.map(handle);
    const length = output.reduce((a, b) => a * b, 1);
    this.requireRoom(length);
    const textures = args.filter((arg) => 'buffer' in arg).length;
    const { maxTextureImageUnits } = this.facts.limits;
    if (textures > maxTextureImageUnits) {
      throw new LimitExceeded('gpu', 'maxTextureImageUnits', textures, maxTextureImageUnits);
    }
    // A kernel has the sizes of its output and of its textures in its shader: other sizes are other kernels.
    const sizes = args.map((arg) => ('buffer' in arg ? `${arg.buffer.length}:${arg.dims.join('.')}` : ''));
    const kernel = this.kernels.get(`${key}/${output.join(',')}/${sizes.join(',')}`, () =>
      this.compile(source(), helpers(), output, args, loops),
    );
    const resource = this.draw(kernel, handles);
    this.counts.portable++;
    return new GpuBuffer(resource, length);
  }

  upload(data: Float32Array): GpuBuffer {
    this.assertUsable();
    const length = Math.max(data.length, 1);
    this.requireRoom(length);
    const kernel = this.kernels.get(`upload/${length}`, () =>
      this.create('function(x) { return x[this.thread.x]; }', [length], ['Input'], 1),
    );
    const values = data.length === 0 ? new Float32Array(1) : data;
    return new GpuBuffer(this.draw(kernel, [this.gpujs.input(values, [length])]), data.length);
  }

  async read(buffer: GpuBuffer, offset: number, count: number): Promise<Float32Array> {
    this.assertUsable();
    if (count === 0) return new Float32Array(0);
    this.counts.reads++;
    const texels = (buffer.resource as TextureResult).renderRawOutput();
    this.assertUsable();
    // WebGL says so only when asked, and asking waits for the device: here that is done anyway.
    if (this.context.getError() === this.context.OUT_OF_MEMORY) {
      throw new OutOfMemory('gpu', buffer.length * 4, this.reservedBytes, this.reservedBytes);
    }
    return Float32Array.from({ length: count }, (_, i) => texels[(offset + i) * 4]);
  }

  free(buffer: GpuBuffer): void {
    const place = buffer.release()?.place ?? null;
    if (place === null) return;
    this.reservedBytes -= Math.max(buffer.length, 1) * 4;
    if (!this.isLost) place.resource.delete();
  }

  async dispose(): Promise<void> {
    this.kernels.clear();
    await this.gpu.destroy();
    this.context.getExtension('WEBGL_lose_context')?.loseContext();
  }

  private draw(kernel: Shortcut, args: readonly unknown[]): TextureResult {
    const result = kernel(...args) as TextureResult;
    if (!(kernel.kernel instanceof this.gpujs.WebGL2Kernel) || kernel.kernel.fallbackReason !== null) {
      throw new BackendError(
        'gpu',
        `gpu.js fell back from webgl2: ${kernel.kernel.fallbackReason ?? 'no reason given'}`,
      );
    }
    this.reservedBytes += result.output.reduce((a, b) => a * b, 1) * 4;
    // Results of other ranks are other classes, which a kernel that was built for one refuses; they differ in reading.
    this.flat ??= Object.getPrototypeOf(result);
    return Object.setPrototypeOf(result, this.flat);
  }

  private compile(
    source: string,
    helpers: readonly Helper[],
    output: readonly number[],
    args: readonly Argument[],
    loops: number,
  ): Shortcut {
    const types = args.map((arg) => ('buffer' in arg ? TEXTURE : 'int' in arg ? 'Integer' : 'Float'));
    return this.create(source, output, types, loops, helpers);
  }

  private create(
    source: string,
    output: readonly number[],
    types: readonly string[],
    loops: number,
    helpers: readonly Helper[] = [],
  ): Shortcut {
    this.counts.compiled++;
    return this.gpu.createKernel(source, {
      output,
      pipeline: true,
      immutable: true,
      precision: 'single',
      tactic: 'precision',
      loopMaxIterations: Math.max(loops, 1),
      argumentTypes: types,
      functions: helpers.map(sourceOfHelper),
    });
  }

  private requireRoom(length: number): void {
    const most = this.largest ** 2;
    if (length > most) throw new OutOfMemory('gpu', length * 4, this.reservedBytes, most * 4);
  }

  private assertUsable(): void {
    if (this.isLost) {
      throw new DeviceLost('gpu', 'the WebGL context was taken away');
    }
  }
}

/** A texture as a kernel takes it; with other dimensions it is a copy of the handle, not of the texture. */
function handle(arg: Argument): unknown {
  if (!('buffer' in arg)) return 'int' in arg ? arg.int : arg.float;
  const texture = arg.buffer.resource;
  if (arg.dims.length === 1) return texture;
  const dimensions = Int32Array.from([...arg.dims, 1, 1].slice(0, 3));
  return Object.assign(Object.create(Object.getPrototypeOf(texture)), texture, { dimensions });
}

function factsOf(gl: WebGL2RenderingContext, largest: number): DeviceFacts {
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  const adapter = String(gl.getParameter(names === null ? gl.RENDERER : names.UNMASKED_RENDERER_WEBGL));
  const vendor = String(gl.getParameter(names === null ? gl.VENDOR : names.UNMASKED_VENDOR_WEBGL));
  return {
    adapter,
    vendor,
    software: isSoftware(adapter),
    limits: { maxTextureSize: largest, maxTextureImageUnits: Number(gl.getParameter(gl.MAX_TEXTURE_IMAGE_UNITS)) },
  };
}
