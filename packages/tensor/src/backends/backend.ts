// What a backend is: exhaustive tables of kernels over opaque buffers. No kernel lives here.
import type { DType, HostArrays } from '../dtype';
import type { FusedName, FusedRows, PrimitiveName, PrimitiveRows } from '../registry';
import type { Shape } from '../shape';
import type { AnyTensor } from '../tensor';

/** What an op's shape rule says about its output. */
export interface Meta {
  readonly shape: Shape;
  readonly dtype: DType;
}

/**
 * Computes one primitive: allocates a dense row-major output of `out` and returns its buffer.
 * Inputs may have any strides. Throws `OutOfMemory` where there is no room.
 */
export type Kernel<Attrs, B> = (inputs: readonly AnyTensor[], out: Meta, attrs: Attrs) => B;

/** Hands a buffer that the backward kernel will want to the graph. */
export type Save<B> = (buffer: B, elements: number) => void;

/** What a fused op's backward kernel gets from its forward. */
export interface FusedContext<Attrs, B> {
  readonly inputs: readonly AnyTensor[];
  readonly output: AnyTensor;
  readonly saved: readonly B[];
  readonly attrs: Attrs;
  /** Which inputs want a gradient. */
  readonly needs: readonly boolean[];
}

/** A whole buffer whose elements lie in another order than row-major: one that saves its reader a copy. */
export class Laid<B> {
  constructor(
    readonly buffer: B,
    readonly strides: readonly number[],
  ) {}
}

/**
 * A pair of kernels that replaces a composite. The output has the shape that `out` says, gradient i that of input i; both
 * are in row-major order unless they come as `Laid`.
 */
export interface FusedKernel<Attrs, B> {
  /** `save` is null where nothing is recorded. */
  forward(inputs: readonly AnyTensor[], out: Meta, attrs: Attrs, save: Save<B> | null): B | Laid<B>;
  backward(g: AnyTensor, context: FusedContext<Attrs, B>): (B | Laid<B> | null)[];
}

/** One row a primitive; a missing one is a compile error that names it. */
export type KernelTable<B> = { readonly [K in PrimitiveName]: Kernel<PrimitiveRows[K], B> };

/** Rows are optional: where there is none the composite runs. */
export type FusedTable<B> = { readonly [K in FusedName]?: FusedKernel<FusedRows[K], B> };

/** Settings of one Adam or AdamW step. */
export interface AdamSettings {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** True for AdamW (Loshchilov & Hutter 2019), false for L2 added to the gradient. */
  readonly decoupled: boolean;
  /** Number of this step, from 1, for the bias correction. */
  readonly step: number;
}

/** Settings of one SGD step, as torch.optim.SGD has them. */
export interface SgdSettings {
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  /** True where the momentum buffer takes the gradient as it is. */
  readonly first: boolean;
}

/** Settings of one Lion step (Chen et al. 2023). */
export interface LionSettings {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
}

/**
 * The kernels that write into tensors: parameters, optimizer state, accumulated gradients. Every tensor here is dense;
 * lists run in parallel, one entry a parameter.
 */
export interface InPlaceKernels<B> {
  /** `dst ← src`, element by element. */
  copyInto(dst: AnyTensor, src: AnyTensor): void;
  /** `dst ← dst + src`. */
  addInto(dst: AnyTensor, src: AnyTensor): void;
  /** `t ← t · factor` for each; the factor is read from a tensor of one element. */
  scaleInPlace(tensors: readonly AnyTensor[], factor: AnyTensor): void;
  /** Limits every element to `[-limit, limit]`. */
  clampInPlace(tensors: readonly AnyTensor[], limit: number): void;
  /** Σ x² over all elements of all tensors, as a buffer of one float. */
  sumSquares(tensors: readonly AnyTensor[]): B;
  adam(
    params: readonly AnyTensor[],
    grads: readonly AnyTensor[],
    m: readonly AnyTensor[],
    v: readonly AnyTensor[],
    settings: AdamSettings,
  ): void;
  /** `momentum` is null where the settings' momentum is 0. */
  sgd(
    params: readonly AnyTensor[],
    grads: readonly AnyTensor[],
    momentum: readonly AnyTensor[] | null,
    settings: SgdSettings,
  ): void;
  lion(
    params: readonly AnyTensor[],
    grads: readonly AnyTensor[],
    momentum: readonly AnyTensor[],
    settings: LionSettings,
  ): void;
}

/** What the gpu backend runs on. */
export interface GpuInfo {
  /** The mode of gpu.js. */
  readonly mode: 'webgpu' | 'webgl2';
  /** `auto` where our own kernels run the hot ops, `portable` where gpu.js runs them all. */
  readonly kernels: 'auto' | 'portable';
  /** Version of gpu.js. */
  readonly gpujs: string;
  readonly adapter: string;
  readonly vendor: string;
  /** True for SwiftShader, llvmpipe and the like: a processor that plays a GPU. */
  readonly software: boolean;
  readonly limits: Readonly<Record<string, number>>;
  /** Ops that go through the host. */
  readonly viaHost: readonly string[];
  /** Since the start: kernels launched, of gpu.js and of our own, gpu.js kernels compiled, and results read back. */
  readonly counts: {
    readonly portable: number;
    readonly own: number;
    readonly compiled: number;
    readonly reads: number;
  };
  /** Bytes taken on the device: those of tensors, and those that wait for their next use. */
  readonly reservedBytes: number;
}

/** What really runs. */
export interface BackendInfo {
  readonly backend: string;
  /** Threads that kernels are split over. */
  readonly threads: number;
  /** Which SIMD variant runs: `none`, `plain` or `relaxed`. */
  readonly simd: string;
  /** Library and version that large matmuls call, or why there is none. */
  readonly blas: string;
  /** Anything worth knowing, one sentence each. */
  readonly notes: readonly string[];
  /** The device, on the gpu backend. */
  readonly gpu?: GpuInfo;
}

/** A device that holds buffers and runs kernels on them. */
export interface Backend<B = unknown> {
  readonly name: string;
  readonly kernels: KernelTable<B>;
  readonly fused: FusedTable<B>;
  readonly inPlace: InPlaceKernels<B>;
  /** Copies host data into a new buffer; bool data arrives widened to int32. */
  upload(data: Float32Array | Int32Array): B;
  /** Reads `count` elements from `offset` on, both in elements. */
  read<D extends DType>(buffer: B, offset: number, count: number, dtype: D): Promise<HostArrays[D]>;
  /** The same at once, on backends whose memory lies with whoever asks. */
  readNow?<D extends DType>(buffer: B, offset: number, count: number, dtype: D): HostArrays[D];
  free(buffer: B): void;
  info(): BackendInfo;
  /** True where the device is gone for good: `init` then makes another. */
  isLost?(): boolean;
  /** Gives back what isn't memory of tensors (workers, devices). Tensors of this backend are gone. */
  dispose(): Promise<void>;
  /** Ends threads that would wait for work; the next kernel starts them again. */
  rest?(): void;
}
