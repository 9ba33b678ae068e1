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
import {
  type GpuInstance,
  type GpuJs,
  loadGpuJs,
  type Resident,
  type Shortcut,
  type TextureResult,
  type WebGl2Kernel,
} from './gpujs';
import { KernelCache } from './kernel-cache';
import { joinByKernels } from './kernels/join';
import { Parts, type Piece } from './parts';

/** Type of a texture that holds one float a texel, in gpu.js's words. */
const TEXTURE = 'ArrayTexture(1)';

/** Settings of the webgl2 device. */
export interface WebGlOptions {
  /** Refuse renderers that a processor plays. */
  readonly hardwareOnly?: boolean;
  /** Kernels that stay compiled, 512 where nothing is said. Each keeps the texture that it drew last for its next result. */
  readonly capacity?: number;
}

/** Starts webgl2. Throws where there is none. */
export async function createWebGlDevice(options: WebGlOptions = {}): Promise<WebGlDevice> {
  const context = webgl2();
  if (context === null) throw new BackendError('gpu', 'this runtime has no WebGL 2: use the wasm backend');
  const device = new WebGlDevice(await loadGpuJs(), context, options.capacity);
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
  readonly largestBuffer: number;
  private readonly kernels: KernelCache<Shortcut>;
  /** A kernel that has run for the only time. It goes when the next is built: until then all draw with its vertices. */
  private spent: Shortcut | null = null;
  readonly parts = new Parts();
  /** What textures are read through. */
  private readonly frame: WebGLFramebuffer;
  /** Class of results with one axis. */
  private flat: object | null = null;
  /** gpu.js's kernels each keep one texture more, for their next result. */
  reservedBytes = 0;

  constructor(
    private readonly gpujs: GpuJs,
    private readonly context: WebGL2RenderingContext,
    capacity = 512,
  ) {
    this.kernels = new KernelCache(capacity, (kernel) => kernel.destroy());
    if (context.getExtension('EXT_color_buffer_float') === null) {
      throw new BackendError('gpu', 'this WebGL 2 cannot draw into float textures: use the wasm backend');
    }
    this.gpu = new gpujs.GPU({ mode: 'webgl2', canvas: context.canvas, context });
    this.facts = factsOf(context);
    this.largestBuffer = 4 * this.facts.limits['maxTextureSize'] ** 2;
    this.frame = context.createFramebuffer();
    // The first result says which class all others take.
    this.free(this.upload(new Float32Array(1)));
  }

  get isLost(): boolean {
    return this.context.isContextLost();
  }

  launch({ key, source, helpers, output, args, loops, once }: Launch): GpuBuffer {
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
    const sizes = args.map((arg) =>
      'buffer' in arg ? `${textureOf(arg.buffer).size.join('x')}:${arg.dims.join('.')}` : '',
    );
    const compile = (): Shortcut => this.compile(source(), helpers(), output, args, loops);
    const kernel = once ? compile() : this.kernels.get(`${key}/${output.join(',')}/${sizes.join(',')}`, compile);
    const resource = this.draw(kernel, handles);
    if (once) this.spent = kernel;
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
    const texels = this.texelsOf(textureOf(buffer), buffer.base + offset, count);
    this.assertUsable();
    // WebGL says so only when asked, and asking waits for the device: here that is done anyway.
    if (this.context.getError() === this.context.OUT_OF_MEMORY) {
      throw new OutOfMemory('gpu', buffer.length * 4, this.reservedBytes, this.reservedBytes);
    }
    return Float32Array.from({ length: count }, (_, i) => texels[i * 4]);
  }

  join(pieces: readonly Piece[], isOnce: boolean): GpuBuffer {
    return joinByKernels(this, pieces, isOnce);
  }

  free(buffer: GpuBuffer): void {
    const place = buffer.release()?.place ?? null;
    if (place === null || !this.parts.release(place.resource)) return;
    this.reservedBytes -= bytesOf(place.resource);
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
    release(kernel.kernel as WebGl2Kernel, result);
    this.reservedBytes += bytesOf(result);
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
    this.spent?.destroy();
    this.spent = null;
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
    if (length * 4 <= this.largestBuffer) return;
    throw new OutOfMemory('gpu', length * 4, this.reservedBytes, this.largestBuffer);
  }

  /** Elements from some number on as RGBA: the value is the red channel. Rows of the texture without any aren't read. */
  private texelsOf({ texture, size: [width] }: TextureResult, start: number, count: number): Float32Array {
    const { context: gl } = this;
    const [first, end] = [Math.floor(start / width), Math.ceil((start + count) / width)];
    const texels = new Float32Array((end - first) * width * 4);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    gl.readPixels(0, first, width, end - first, gl.RGBA, gl.FLOAT, texels);
    return texels.subarray((start - first * width) * 4);
  }

  private assertUsable(): void {
    if (this.isLost) {
      throw new DeviceLost('gpu', 'the WebGL context was taken away');
    }
  }
}

/** In a kernel's place: nothing stands between the texture and who deletes it. */
const NO_KERNEL = {};

/** Takes a result away from its kernel, which would take it along, or never let go of it, once destroyed. */
function release({ textureCache }: WebGl2Kernel, result: TextureResult): void {
  const own = textureCache.indexOf(result.texture);
  if (own !== -1) textureCache.splice(own, 1);
  result.kernel = NO_KERNEL;
}

/** The texture behind a handle. */
function textureOf({ resource }: GpuBuffer): TextureResult {
  return resource as TextureResult;
}

function bytesOf({ output }: Resident): number {
  return output.reduce((a, b) => a * b, 1) * 4;
}

/** A texture as a kernel takes it; with other dimensions it is a copy of the handle, not of the texture. */
function handle(arg: Argument): unknown {
  if (!('buffer' in arg)) return 'int' in arg ? arg.int : arg.float;
  const texture = textureOf(arg.buffer);
  if (arg.dims.length === 1) return texture;
  const dimensions = Int32Array.from([...arg.dims, 1, 1].slice(0, 3));
  return Object.assign(Object.create(Object.getPrototypeOf(texture)), texture, { dimensions });
}

function factsOf(gl: WebGL2RenderingContext): DeviceFacts {
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  const adapter = String(gl.getParameter(names === null ? gl.RENDERER : names.UNMASKED_RENDERER_WEBGL));
  const vendor = String(gl.getParameter(names === null ? gl.VENDOR : names.UNMASKED_VENDOR_WEBGL));
  return {
    adapter,
    vendor,
    software: isSoftware(adapter),
    limits: {
      maxTextureSize: Number(gl.getParameter(gl.MAX_TEXTURE_SIZE)),
      maxTextureImageUnits: Number(gl.getParameter(gl.MAX_TEXTURE_IMAGE_UNITS)),
    },
  };
}
