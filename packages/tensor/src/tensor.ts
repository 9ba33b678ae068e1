// The Tensor: a typed, strided view of a storage, with its place in the graph. Arithmetic is delegated to ops/.
import { type BackwardOptions, backward } from './autograd';
import type { DType, HostArrays } from './dtype';
import { ArgumentError, GraphError, TensorFreed } from './errors';
import type { Node } from './graph';
import { Group, requireFunction, requireTensor, tensorBrand, track } from './lifetime';
import * as arithmetic from './ops/arithmetic';
import * as compare from './ops/compare';
import { full } from './ops/create';
import * as indexing from './ops/indexing';
import { matmul } from './ops/matmul';
import * as reduce from './ops/reduce';
import * as shaping from './ops/views';
import { runtime } from './runtime';
import { isDense, type Shape, show, sizeOf } from './shape';
import type { Storage } from './storage';

/** A tensor of any dtype. */
export type AnyTensor = Tensor<DType>;

/** What binary ops take: a tensor, or a number that stands for a scalar of the other side's dtype. */
export type TensorLike = AnyTensor | number;

/**
 * A multi-dimensional array on a backend. Ops on it return at once; `data()` and `item()` wait for the result.
 * Tensors are made by `tensor`, `zeros`, `randn` … and by ops, never by this constructor.
 *
 * @example
 * ```ts
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const x = tensor([[1, 2], [3, 4]], { requiresGrad: true });
 * const y = x.matmul(x).sum();
 * y.backward();
 * console.log(await y.item(), await x.grad?.data());
 * ```
 */
export class Tensor<D extends DType = 'float32'> {
  readonly [tensorBrand] = true;
  /** Number of elements. */
  readonly size: number;
  /** True where the elements lie in row-major order without gaps. */
  readonly contiguous: boolean;
  /** Optimizer step in which the tensor was made. */
  readonly step: number = runtime.step;
  /** The recorded op behind this tensor; null for leaves. */
  node: Node | null = null;
  /** Gradient that `backward` has gathered here; null before, and for tensors that aren't leaves. */
  grad: Tensor | null = null;
  private kept = false;
  private freed = false;
  private group: Group | null = null;
  private slot = 0;
  hooks: ((g: Tensor) => Tensor | undefined)[] | null = null;
  private wantsGrad = false;

  constructor(
    readonly storage: Storage,
    readonly shape: Shape,
    readonly strides: readonly number[],
    /** First element, counted in elements from the storage's beginning. */
    readonly offset: number,
    readonly dtype: D,
    /** The op that made this tensor. */
    readonly op: string,
  ) {
    this.size = sizeOf(shape);
    this.contiguous = isDense(shape, strides);
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  // — Reading —

  /**
   * The elements in row-major order.
   *
   * @throws {TensorFreed} where the tensor is gone; rejects with what a kernel before it failed on, such as `OutOfMemory`.
   */
  async data(): Promise<HostArrays[D]> {
    this.assertAlive('data');
    if (this.storage.error !== null) throw this.storage.error;
    if (this.contiguous) return this.storage.backend.read(this.storage.buffer, this.offset, this.size, this.dtype);
    const dense = shaping.contiguous(this);
    try {
      return await dense.data();
    } finally {
      dense.dispose();
    }
  }

  /** The only element, as a number. */
  async item(): Promise<number> {
    if (this.size !== 1) throw new ArgumentError('item', 'tensor', 'exactly one element', show(this.shape));
    return (await this.data())[0];
  }

  // — Gradients —

  /** Whether ops on this tensor are recorded. */
  get requiresGrad(): boolean {
    return this.node !== null || this.wantsGrad;
  }

  /** Makes this leaf gather a gradient, or stop doing so. */
  requireGrad(wanted = true): this {
    if (this.node !== null)
      throw new GraphError(this.op, 'only a leaf can be told to require a gradient: detach() it first');
    if (wanted && this.dtype !== 'float32')
      throw new ArgumentError('requireGrad', 'tensor', 'dtype float32', this.dtype);
    this.wantsGrad = wanted;
    return this;
  }

  /**
   * Adds the gradient of this scalar to the `grad` of every leaf it was made from, and frees the graph.
   *
   * @throws {GraphError} where nothing requires a gradient or the graph is already freed.
   */
  backward(options?: BackwardOptions): void {
    backward(this, options);
  }

  /** Calls `hook` with the gradient of this tensor during `backward`; what it returns replaces the gradient. */
  registerHook(hook: (g: Tensor) => Tensor | undefined): () => void {
    requireFunction('registerHook', 'hook', hook);
    const owner = this.node ?? this;
    owner.hooks ??= [];
    owner.hooks.push(hook);
    return () => {
      owner.hooks = owner.hooks?.filter((other) => other !== hook) ?? null;
    };
  }

  /** The same values outside the graph. Shares storage. */
  detach(): Tensor<D> {
    this.assertAlive('detach');
    this.storage.retain();
    const out = new Tensor<D>(this.storage, this.shape, this.strides, this.offset, this.dtype, 'detach');
    track(out);
    return out;
  }

  // — Lifetime —

  /** Keeps the tensor past its scope and step, until it is disposed; see `keep`. */
  keep(): this {
    this.assertAlive('keep');
    if (!this.kept && this.group !== null) {
      this.leaveGroup();
      this.join(new Group(1));
    }
    this.kept = true;
    return this;
  }

  /** Whether the tensor survives its scope and its step. */
  get isKept(): boolean {
    return this.kept;
  }

  /** Whether this handle has let go of its storage, by itself or because its step ended. */
  get isFreed(): boolean {
    return this.freed || (this.group !== null && this.group.holdings.storages[this.slot] === null);
  }

  /** Puts what this handle holds into a group that the collector watches. Lifetimes call this. */
  join(group: Group): void {
    this.group = group;
    this.slot = group.add(this.storage, this.node);
  }

  /** Takes what this handle holds out of its group again. */
  private leaveGroup(): void {
    if (this.group === null) return;
    this.group.holdings.forget(this.slot);
    this.group = null;
  }

  /** Lets go of the storage now. What the graph needs of it stays until `backward`. */
  dispose(): void {
    if (this.isFreed) return;
    this.leaveGroup();
    this.freed = true;
    this.storage.release();
    this.node?.release();
    this.grad?.dispose();
    this.grad = null;
  }

  /** `using t = …` frees at the end of the block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Throws `TensorFreed` where the memory is gone, or was given up by its owner. */
  assertAlive(_user: string): void {
    if (this.isFreed && (runtime.inBackward === 0 || this.storage.refs === 0))
      throw new TensorFreed(this.op, this.step, this.shape);
  }

  /** Another handle on the same storage and graph node, tracked by nobody: whoever asks disposes. */
  alias(): Tensor<D> {
    this.storage.retain();
    const out = new Tensor<D>(this.storage, this.shape, this.strides, this.offset, this.dtype, this.op);
    out.node = this.node;
    if (out.node !== null) out.node.refs++;
    return out;
  }

  /** What Node's inspector prints: shape and dtype, never contents (use `print`). */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  toString(): string {
    const state = this.isFreed ? ', freed' : this.requiresGrad ? ', requiresGrad' : '';
    return `Tensor(${this.dtype} ${show(this.shape)} by ${this.op}${state})`;
  }

  // — Arithmetic, element by element with broadcasting —

  add(other: TensorLike): Tensor<D> {
    return arithmetic.add(this, other);
  }
  sub(other: TensorLike): Tensor<D> {
    return arithmetic.sub(this, other);
  }
  mul(other: TensorLike): Tensor<D> {
    return arithmetic.mul(this, other);
  }
  div(other: TensorLike): Tensor {
    return arithmetic.div(this, other);
  }
  /** Remainder with the divisor's sign. */
  mod(other: TensorLike): Tensor<D> {
    return arithmetic.mod(this, other);
  }
  pow(exponent: TensorLike): Tensor {
    return arithmetic.pow(this, exponent);
  }
  maximum(other: TensorLike): Tensor<D> {
    return arithmetic.maximum(this, other);
  }
  minimum(other: TensorLike): Tensor<D> {
    return arithmetic.minimum(this, other);
  }
  clamp(low: number, high: number): Tensor<D> {
    return arithmetic.clamp(this, low, high);
  }
  neg(): Tensor<D> {
    return arithmetic.neg(this);
  }
  abs(): Tensor<D> {
    return arithmetic.abs(this);
  }
  square(): Tensor<D> {
    return arithmetic.square(this);
  }
  reciprocal(): Tensor {
    return arithmetic.reciprocal(this);
  }
  exp(): Tensor {
    return arithmetic.exp(this);
  }
  log(): Tensor {
    return arithmetic.log(this);
  }
  sqrt(): Tensor {
    return arithmetic.sqrt(this);
  }
  rsqrt(): Tensor {
    return arithmetic.rsqrt(this);
  }
  sin(): Tensor {
    return arithmetic.sin(this);
  }
  cos(): Tensor {
    return arithmetic.cos(this);
  }
  tanh(): Tensor {
    return arithmetic.tanh(this);
  }
  erf(): Tensor {
    return arithmetic.erf(this);
  }
  sigmoid(): Tensor {
    return arithmetic.sigmoid(this);
  }
  relu(): Tensor {
    return arithmetic.relu(this);
  }
  floor(): Tensor {
    return arithmetic.floor(this);
  }
  ceil(): Tensor {
    return arithmetic.ceil(this);
  }
  /** To the nearest whole number, halves to even. */
  round(): Tensor {
    return arithmetic.round(this);
  }
  /** The same values in another dtype. Floats lose their fraction on the way to int32. */
  cast<T extends DType>(dtype: T): Tensor<T> {
    return arithmetic.cast(this, dtype);
  }

  // — Comparison —

  equal(other: TensorLike): Tensor<'bool'> {
    return compare.equal(this, other);
  }
  notEqual(other: TensorLike): Tensor<'bool'> {
    return compare.notEqual(this, other);
  }
  less(other: TensorLike): Tensor<'bool'> {
    return compare.less(this, other);
  }
  lessEqual(other: TensorLike): Tensor<'bool'> {
    return compare.lessEqual(this, other);
  }
  greater(other: TensorLike): Tensor<'bool'> {
    return compare.greater(this, other);
  }
  greaterEqual(other: TensorLike): Tensor<'bool'> {
    return compare.greaterEqual(this, other);
  }
  logicalNot(): Tensor<'bool'> {
    return compare.logicalNot(this);
  }
  logicalAnd(other: AnyTensor): Tensor<'bool'> {
    return compare.logicalAnd(this, other);
  }
  logicalOr(other: AnyTensor): Tensor<'bool'> {
    return compare.logicalOr(this, other);
  }

  // — Reduction —

  sum(options?: reduce.ReduceOptions): Tensor<D> {
    return reduce.sum(this, options);
  }
  mean(options?: reduce.ReduceOptions): Tensor {
    return reduce.mean(this, options);
  }
  max(options?: reduce.ReduceOptions): Tensor<D> {
    return reduce.max(this, options);
  }
  min(options?: reduce.ReduceOptions): Tensor<D> {
    return reduce.min(this, options);
  }
  variance(options?: reduce.VarianceOptions): Tensor {
    return reduce.variance(this, options);
  }
  std(options?: reduce.VarianceOptions): Tensor {
    return reduce.std(this, options);
  }
  norm(options?: reduce.NormOptions): Tensor {
    return reduce.norm(this, options);
  }
  argmax(options?: reduce.ArgOptions): Tensor<'int32'> {
    return reduce.argmax(this, options);
  }
  argmin(options?: reduce.ArgOptions): Tensor<'int32'> {
    return reduce.argmin(this, options);
  }
  logSumExp(options?: reduce.ReduceOptions): Tensor {
    return reduce.logSumExp(this, options);
  }
  cumsum(axis: number): Tensor<D> {
    return reduce.cumsum(this, axis);
  }

  // — Matrices —

  /** Matrix product over the last two axes, batched and broadcast over the others. */
  matmul(other: AnyTensor): Tensor {
    return matmul(this, other);
  }

  // — Shape —

  reshape(shape: Shape): Tensor<D> {
    return shaping.reshape(this, shape);
  }
  flatten(from = 0, to = -1): Tensor<D> {
    return shaping.flatten(this, from, to);
  }
  permute(order: readonly number[]): Tensor<D> {
    return shaping.permute(this, order);
  }
  transpose(a = -2, b = -1): Tensor<D> {
    return shaping.transpose(this, a, b);
  }
  slice(ranges: readonly shaping.Range[]): Tensor<D> {
    return shaping.slice(this, ranges);
  }
  /** One index of an axis; the axis goes away. */
  select(axis: number, index: number): Tensor<D> {
    return shaping.select(this, axis, index);
  }
  expand(shape: Shape): Tensor<D> {
    return shaping.expand(this, shape);
  }
  squeeze(axis?: number | readonly number[]): Tensor<D> {
    return shaping.squeeze(this, axis);
  }
  unsqueeze(axis: number): Tensor<D> {
    return shaping.unsqueeze(this, axis);
  }
  split(sizes: number | readonly number[], axis = 0): Tensor<D>[] {
    return shaping.split(this, sizes, axis);
  }
  pad(before: readonly number[], after: readonly number[], value = 0): Tensor<D> {
    return indexing.pad(this, before, after, value);
  }

  // — Indexing —

  gather(axis: number, index: Tensor<'int32'>): Tensor<D> {
    return indexing.gather(this, axis, index);
  }
  /** Rows of axis 0. */
  take(index: Tensor<'int32'>): Tensor<D> {
    return indexing.take(this, index);
  }
  maskedFill(mask: AnyTensor, value: number): Tensor<D> {
    return indexing.maskedFill(this, mask, value);
  }
}

/** A tensor of ones with the shape of another. */
export function onesLike(t: AnyTensor): Tensor {
  requireTensor('onesLike', 't', t);
  return full(t.shape, 1);
}
