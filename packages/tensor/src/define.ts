// How an op is defined. Definitions are data: shape rule, gradient, samples. Running them is op.ts's work.
import type { Meta } from './backends/backend';
import type { DType } from './dtype';
import type { Shape } from './shape';
import type { AnyTensor, Tensor } from './tensor';

/** The attributes of an op that has none. */
export type None = Readonly<Record<never, never>>;

/** What a gradient rule gets besides the gradient of the output. */
export interface Recorded<Attrs> {
  /** The inputs, as far as `saves` names them; shapes and dtypes of all. Typed as floats, which most are. */
  readonly inputs: readonly Tensor[];
  /** The output, where `saves` names it. */
  readonly output: Tensor;
  readonly attrs: Attrs;
  /** Which inputs want a gradient. */
  readonly needs: readonly boolean[];
}

/** One input of a sample: its shape, and where its values come from. */
export interface SampleInput {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Values are drawn from `[low, high)`; for int32 they are whole. */
  readonly range: readonly [low: number, high: number];
  /** Keep values at least this far apart, so that the order never hangs on rounding. */
  readonly apart?: number;
}

/** Inputs and attributes that the generated tests run an op on. */
export interface Sample<Attrs> {
  readonly inputs: readonly SampleInput[];
  readonly attrs: Attrs;
  /** False where the gradient is defined to differ from the derivative, as for a padding row. */
  readonly numeric?: false;
}

/** A sample's float32 input. */
export function floats(shape: Shape, range: readonly [number, number] = [-2, 2], apart?: number): SampleInput {
  return { shape, dtype: 'float32', range, ...(apart === undefined ? {} : { apart }) };
}

/** A sample's int32 input. */
export function ints(shape: Shape, range: readonly [number, number]): SampleInput {
  return { shape, dtype: 'int32', range };
}

/** A sample's bool input. */
export function bools(shape: Shape): SampleInput {
  return { shape, dtype: 'bool', range: [0, 2] };
}

/** Number of inputs; `n` for a list of any length. */
export type Arity = 0 | 1 | 2 | 3 | 'n';

/** Everything there is to say about a primitive. */
export interface Definition<Attrs> {
  readonly name: string;
  readonly arity: Arity;
  /** Shape and dtype of the output. Throws a typed error where the inputs don't fit. */
  infer(inputs: readonly AnyTensor[], attrs: Attrs): Meta;
  /** Gradients of the inputs in terms of public ops, or null where there is none. */
  readonly backward: ((g: Tensor, recorded: Recorded<Attrs>) => (Tensor | null)[]) | null;
  /** What `backward` reads: input positions and `y` for the output. */
  readonly saves: readonly (number | 'y')[];
  /** Inputs that the generated tests run. */
  samples(): readonly Sample<Attrs>[];
  /** Relative error that backends may show against the reference, where 1e-5 can't be met. */
  readonly tolerance?: number;
  /** Floating-point operations, for ops whose work isn't their traffic. */
  flops?(inputs: readonly AnyTensor[], attrs: Attrs): number;
}

/** A fused op: a composite that says what it computes, and kernels in those backends that have some. */
export interface FusedDefinition<Attrs> {
  readonly name: string;
  infer(inputs: readonly AnyTensor[], attrs: Attrs): Meta;
  /** The same result out of public ops: the definition, and what runs where a backend has no row. */
  composite(inputs: readonly Tensor[], attrs: Attrs): Tensor;
  /** What the backward kernel reads: input positions and `y`. */
  readonly saves: readonly (number | 'y')[];
  samples(): readonly Sample<Attrs>[];
  readonly tolerance?: number;
  /** Floating-point operations of the forward kernel; the backward's are twice as many. */
  flops?(inputs: readonly AnyTensor[], attrs: Attrs): number;
}

type Call<A extends Arity, Attrs, D extends DType> = A extends 0
  ? (attrs: Attrs) => Tensor<D>
  : A extends 1
    ? [keyof Attrs] extends [never]
      ? (x: AnyTensor) => Tensor<D>
      : (x: AnyTensor, attrs: Attrs) => Tensor<D>
    : A extends 2
      ? [keyof Attrs] extends [never]
        ? (a: AnyTensor, b: AnyTensor) => Tensor<D>
        : (a: AnyTensor, b: AnyTensor, attrs: Attrs) => Tensor<D>
      : A extends 3
        ? (a: AnyTensor, b: AnyTensor, c: AnyTensor) => Tensor<D>
        : (inputs: readonly AnyTensor[], attrs: Attrs) => Tensor<D>;

/** A primitive that can be called. `D` is the dtype of the output. */
export type Op<A extends Arity, Attrs = None, D extends DType = 'float32'> = Call<A, Attrs, D> & {
  readonly definition: Definition<Attrs>;
};

/** A fused op that can be called with a list of inputs. */
export type FusedOp<Attrs> = ((inputs: readonly AnyTensor[], attrs: Attrs) => Tensor) & {
  readonly definition: FusedDefinition<Attrs>;
};

/** The attributes that an op takes. */
export type AttrsOf<O> = O extends { readonly definition: { samples(): readonly Sample<infer Attrs>[] } }
  ? Attrs
  : never;
