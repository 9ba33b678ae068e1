// The worker's side: runs commands on an engine, in their order. A kernel that fails leaves its error in the place of its
// result, where whatever depends on it finds it.
import type { DType } from '../../../dtype';
import { isDense, type Shape, sizeOf } from '../../../shape';
import type { AnyTensor } from '../../../tensor';
import { type FusedKernel, type InPlaceKernels, type Kernel, Laid } from '../../backend';
import { localBackend } from '../backend';
import type { Engine } from '../engine/engine';
import { type Argument, type Command, packError, type Reply, type View } from './protocol';

/** What a handle stands for: a buffer, what a forward kernel saved, or why there is nothing. */
type Held = number | readonly number[] | Failure;

class Failure {
  constructor(readonly error: unknown) {}
}

/** As much of a tensor as kernels read. */
class HostTensor {
  readonly size: number;
  readonly contiguous: boolean;

  constructor(
    readonly storage: { readonly buffer: number },
    readonly shape: Shape,
    readonly strides: readonly number[],
    readonly offset: number,
    readonly dtype: DType,
  ) {
    this.size = sizeOf(shape);
    this.contiguous = isDense(shape, strides);
  }

  get rank(): number {
    return this.shape.length;
  }
}

/** Returns what runs a batch of commands; `reply` is given what the page asked to read. */
export function serve(
  engine: Engine,
  reply: (message: Reply, transfer?: ArrayBuffer[]) => void,
): (commands: readonly Command[]) => Promise<void> {
  const backend = localBackend(engine);
  const held = new Map<number, Held>();
  // Of a kernel that writes into tensors: it has no result to be found in, so the next read reports it.
  let unreported: Failure | null = null;
  let told = '';

  const failureOf = (views: readonly View[]): Failure | null => {
    for (const { handle } of views) {
      const found = held.get(handle);
      if (found instanceof Failure) return found;
    }
    return null;
  };
  // Kernels ask for tensors and read these fields alone.
  const tensorOf = ({ handle, shape, strides, offset, dtype }: View): AnyTensor =>
    new HostTensor({ buffer: held.get(handle) as number }, shape, strides, offset, dtype) as unknown as AnyTensor;
  const tensorsOf = (views: readonly View[]): AnyTensor[] => views.map(tensorOf);

  const release = (id: number): void => {
    const found = held.get(id);
    held.delete(id);
    if (typeof found === 'number') backend.free(found);
    else if (Array.isArray(found)) for (const buffer of found) backend.free(buffer);
  };

  /** Puts results in their places; a failure of the inputs or of the kernel in all of them. */
  const attempt = (ids: readonly number[], views: readonly View[], run: () => readonly Held[]): void => {
    let results: readonly Held[];
    const inherited = failureOf(views);
    try {
      results = inherited === null ? run() : ids.map(() => inherited);
    } catch (error) {
      const failure = new Failure(error);
      results = ids.map(() => failure);
    }
    ids.forEach((id, i) => {
      held.set(id, results[i]);
    });
  };

  const run = async (command: Command): Promise<void> => {
    switch (command.kind) {
      case 'upload':
        return attempt([command.id], [], () => [backend.upload(command.data)]);
      case 'free':
        return release(command.id);
      case 'kernel': {
        const { name, inputs, out, attrs, id } = command;
        const kernel = backend.kernels[name as keyof typeof backend.kernels] as Kernel<unknown, number>;
        return attempt([id], inputs, () => [kernel(tensorsOf(inputs), out, attrs)]);
      }
      case 'forward': {
        const { name, inputs, out, attrs, id, saved } = command;
        const row = backend.fused[name as keyof typeof backend.fused] as FusedKernel<unknown, number>;
        const kept: number[] = [];
        const save = saved === null ? null : (buffer: number): void => void kept.push(buffer);
        const forward = (): readonly Held[] => {
          const y = bufferOf(row.forward(tensorsOf(inputs), out, attrs, save));
          return saved === null ? [y] : [y, kept];
        };
        return attempt(saved === null ? [id] : [id, saved], inputs, forward);
      }
      case 'backward': {
        const { name, g, inputs, output, attrs, needs, ids } = command;
        const row = backend.fused[name as keyof typeof backend.fused] as FusedKernel<unknown, number>;
        const wanted = ids.flatMap((id) => (id === null ? [] : [id]));
        return attempt(wanted, [g, output], () => {
          const saved = command.saved.flatMap((id) => held.get(id) as readonly number[]);
          const context = { inputs: tensorsOf(inputs), output: tensorOf(output), attrs, needs, saved };
          const found = row.backward(tensorOf(g), context);
          return found.flatMap((made, i) => {
            const buffer = made === null ? null : bufferOf(made);
            if (ids[i] !== null) return [buffer ?? new Failure(new Error(`${name}: input ${i} has no gradient`))];
            if (buffer !== null) backend.free(buffer);
            return [];
          });
        });
      }
      case 'inPlace':
        return runInPlace(command.name as keyof InPlaceKernels<number>, command.args, command.id);
      case 'read': {
        const { call, handle, offset, count, dtype } = command;
        const failure = failureOf([{ handle, shape: [], strides: [], offset: 0, dtype }]) ?? unreported;
        unreported = null;
        if (failure !== null) return reply({ kind: 'error', call, error: packError(failure.error) });
        const data = await backend.read(held.get(handle) as number, offset, count, dtype);
        return reply({ kind: 'data', call, data }, [data.buffer as ArrayBuffer]);
      }
    }
  };

  const runInPlace = (name: keyof InPlaceKernels<number>, args: readonly Argument[], id: number | null): void => {
    const views = args.flatMap(viewsIn);
    const kernel = backend.inPlace[name] as (...args: unknown[]) => number | undefined;
    const given = (): unknown[] =>
      args.map((arg) => (isView(arg) ? tensorOf(arg) : isViews(arg) ? tensorsOf(arg) : arg));
    if (id !== null) attempt([id], views, () => [kernel(...given()) as number]);
    else {
      unreported ??= failureOf(views);
      try {
        if (unreported === null) kernel(...given());
      } catch (error) {
        unreported = new Failure(error);
      }
    }
  };

  const tellInfo = (): void => {
    const { info } = engine;
    const text = JSON.stringify(info);
    if (text !== told) reply({ kind: 'info', info });
    told = text;
  };

  tellInfo();
  return async (commands) => {
    for (const command of commands) await run(command);
    tellInfo();
  };
}

/** Buffers alone cross: the page knows how they lie, as remote-backend.ts says. */
function bufferOf(made: number | Laid<number>): number {
  return made instanceof Laid ? made.buffer : made;
}

function isView(arg: Argument): arg is View {
  return typeof arg === 'object' && arg !== null && 'handle' in arg;
}

function isViews(arg: Argument): arg is readonly View[] {
  return Array.isArray(arg);
}

function viewsIn(arg: Argument): readonly View[] {
  if (isView(arg)) return [arg];
  return isViews(arg) ? arg : [];
}
