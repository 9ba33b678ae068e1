// Running ops: check, launch, wrap, record. The one road from a public function to a backend's kernel.
import { type Backend, type FusedKernel, type Kernel, Laid, type Meta } from './backends/backend';
import type { Arity, Definition, FusedDefinition, FusedOp, Op } from './define';
import { BYTES_PER_ELEMENT, type DType } from './dtype';
import { ArgumentError, GraphError, HeddleError } from './errors';
import { FusedNode, PrimitiveNode, ViewNode } from './graph';
import { isTensor, requireTensor, track } from './lifetime';
import { currentBackend, runtime } from './runtime';
import { rowMajor, type Shape, sizeOf } from './shape';
import { Storage } from './storage';
import { type AnyTensor, Tensor } from './tensor';

/** Makes a primitive callable. */
export function defineOp<A extends Arity, Attrs, D extends DType>(
  definition: Definition<NoInfer<Attrs>>,
): Op<A, Attrs, D> {
  // The call's type follows from the arity, which TypeScript can't see through the switch: hence the one assertion.
  return Object.assign(callerOf(definition), { definition }) as unknown as Op<A, Attrs, D>;
}

function callerOf<Attrs>(definition: Definition<Attrs>): (...args: never[]) => AnyTensor {
  switch (definition.arity) {
    case 0:
      return (attrs: Attrs) => apply(definition, [], attrs);
    case 1:
      return (x: AnyTensor, attrs: Attrs) => apply(definition, [x], attrs);
    case 2:
      return (a: AnyTensor, b: AnyTensor, attrs: Attrs) => apply(definition, [a, b], attrs);
    case 3:
      return (a: AnyTensor, b: AnyTensor, c: AnyTensor, attrs: Attrs) => apply(definition, [a, b, c], attrs);
    case 'n':
      return (inputs: readonly AnyTensor[], attrs: Attrs) => apply(definition, inputs, attrs);
  }
}

/** Makes a fused op callable: the backend's pair of kernels where it has one, the composite elsewhere. */
export function defineFused<Attrs>(definition: FusedDefinition<NoInfer<Attrs>>): FusedOp<Attrs> {
  return Object.assign((inputs: readonly AnyTensor[], attrs: Attrs) => applyFused(definition, inputs, attrs), {
    definition,
  });
}

/** Runs a primitive. */
export function apply<Attrs, D extends DType>(
  op: Definition<Attrs>,
  inputs: readonly AnyTensor[],
  attrs: Attrs,
): Tensor<D> {
  const backend = backendOf(op.name, inputs);
  const meta = op.infer(inputs, attrs);
  const kernel = backend.kernels[op.name as keyof Backend['kernels']] as Kernel<Attrs, unknown>;
  const start = runtime.profiler === null ? 0 : performance.now();
  let storage: Storage;
  try {
    assertComputed(inputs);
    storage = new Storage(backend, kernel(inputs, meta, attrs), sizeOf(meta.shape) * BYTES_PER_ELEMENT);
  } catch (error) {
    storage = poisoned(backend, error);
  }
  runtime.profiler?.record(
    op.name,
    runtime.inBackward > 0 ? 'backward' : 'forward',
    start,
    inputs,
    meta.shape,
    op.flops?.(inputs, attrs) ?? 0,
  );
  const out = wrap<D>(storage, meta, op.name);
  if (runtime.recording && op.backward !== null && wantsGradient(inputs))
    out.node = new PrimitiveNode(op, inputs, attrs, out);
  track(out);
  return out;
}

function applyFused<Attrs>(op: FusedDefinition<Attrs>, inputs: readonly AnyTensor[], attrs: Attrs): Tensor {
  const backend = backendOf(op.name, inputs);
  const meta = op.infer(inputs, attrs);
  const row = backend.fused[op.name as keyof Backend['fused']] as FusedKernel<Attrs, unknown> | undefined;
  if (row === undefined) return op.composite(asFloats(inputs), attrs);
  const recorded = runtime.recording && wantsGradient(inputs);
  const saved: Storage[] = [];
  const save = recorded
    ? (buffer: unknown, elements: number): void => {
        saved.push(new Storage(backend, buffer, elements * BYTES_PER_ELEMENT));
      }
    : null;
  const start = runtime.profiler === null ? 0 : performance.now();
  let made: Filled;
  try {
    assertComputed(inputs);
    made = filled(backend, row.forward(inputs, meta, attrs, save), meta);
  } catch (error) {
    made = { storage: poisoned(backend, error), strides: rowMajor(meta.shape) };
  }
  runtime.profiler?.record(
    op.name,
    runtime.inBackward > 0 ? 'backward' : 'forward',
    start,
    inputs,
    meta.shape,
    op.flops?.(inputs, attrs) ?? 0,
  );
  const out = wrap<'float32'>(made.storage, meta, op.name, made.strides);
  if (recorded) out.node = new FusedNode(op, row, inputs, attrs, out, saved);
  track(out);
  return out;
}

/** A view of `x`: same storage, other strides. `backward` turns the view's gradient into x's. */
export function viewOf<D extends DType>(
  name: string,
  x: Tensor<D>,
  shape: Shape,
  strides: readonly number[],
  offset: number,
  backward: (g: Tensor) => Tensor,
): Tensor<D> {
  x.assertAlive(name);
  x.storage.retain();
  const out = new Tensor<D>(x.storage, shape, strides, offset, x.dtype, name);
  if (runtime.recording && x.requiresGrad) out.node = new ViewNode(name, x, backward);
  track(out);
  return out;
}

/** Inputs as rules take them: most are floats, and those that aren't are cast there. */
export function asFloats(inputs: readonly AnyTensor[]): readonly Tensor[] {
  return inputs as readonly Tensor[];
}

/** Wraps a buffer that a kernel made. */
export function wrap<D extends DType>(
  storage: Storage,
  meta: Meta,
  op: string,
  strides: readonly number[] = rowMajor(meta.shape),
): Tensor<D> {
  return new Tensor<D>(storage, meta.shape, strides, 0, meta.dtype as D, op);
}

/** What a kernel filled, and how it lies there. */
export interface Filled {
  readonly storage: Storage;
  readonly strides: readonly number[];
}

function filled(backend: Backend, made: unknown, { shape }: Pick<Meta, 'shape'>): Filled {
  const bytes = sizeOf(shape) * BYTES_PER_ELEMENT;
  return made instanceof Laid
    ? { storage: new Storage(backend, made.buffer, bytes), strides: made.strides }
    : { storage: new Storage(backend, made, bytes), strides: rowMajor(shape) };
}

/**
 * Runs a kernel that fills one buffer a tensor of `like` (or none where it returns null). A failure of the device
 * becomes storages without buffers that carry the error to the next `await`.
 */
export function launchAll(
  backend: Backend,
  like: readonly AnyTensor[],
  kernel: () => readonly unknown[],
): (Filled | null)[] {
  try {
    return kernel().map((made, i) => (made === null ? null : filled(backend, made, like[i])));
  } catch (error) {
    return like.map(({ shape }) => ({ storage: poisoned(backend, error), strides: rowMajor(shape) }));
  }
}

/** Storage that stands for a failed kernel. What the caller did wrong is thrown at once instead. */
export function poisoned(backend: Backend, error: unknown): Storage {
  if (error instanceof HeddleError && !(error instanceof ArgumentError))
    return new Storage(backend, null, 0, null, error);
  throw error;
}

/** Throws the failure of the first input that has none to compute with, so that the output inherits it. */
export function assertComputed(inputs: readonly AnyTensor[]): void {
  for (let i = 0; i < inputs.length; i++) {
    const { error } = inputs[i].storage;
    if (error !== null) throw error;
  }
}

function wantsGradient(inputs: readonly AnyTensor[]): boolean {
  for (let i = 0; i < inputs.length; i++) if (inputs[i].requiresGrad) return true;
  return false;
}

function backendOf(op: string, inputs: readonly AnyTensor[]): Backend {
  if (inputs.length === 0) return currentBackend();
  for (let i = 0; i < inputs.length; i++) {
    if (isTensor(inputs[i])) inputs[i].assertAlive(op);
    else requireTensor(op, inputs.length === 1 ? 'x' : `input ${i}`, inputs[i]);
  }
  const backend = inputs[0].storage.backend;
  for (let i = 0; i < inputs.length; i++) {
    if (inputs[i].storage.backend !== backend) {
      throw new ArgumentError(
        op,
        `input ${i}`,
        `a tensor on ${backend.name}`,
        `one on ${inputs[i].storage.backend.name}`,
      );
    }
  }
  return backend;
}

/** Runs a gradient rule and says which op it belongs to when it fails. */
export function inGraph<T>(op: string, rule: () => T): T {
  try {
    return rule();
  } catch (error) {
    if (error instanceof GraphError) throw error;
    throw new GraphError(op, error instanceof Error ? error.message : String(error), { cause: error });
  }
}
