// What a page and its engine's worker tell each other. Types, and how tensors and errors cross. Nothing runs here.
import type { DType } from '../../../dtype';
import { BackendError, type HeddleError, IndexError, OutOfMemory } from '../../../errors';
import type { Shape } from '../../../shape';
import type { AnyTensor } from '../../../tensor';
import type { Meta } from '../../backend';
import type { EngineInfo, EngineOptions } from '../engine/engine';
import { WorkerLost } from '../engine/worker-lost';

/** A tensor as kernels see it: a handle that the page chose stands for its buffer. */
export interface View {
  readonly handle: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
  readonly dtype: DType;
}

/** A tensor's view. */
export function viewOf({ storage, shape, strides, offset, dtype }: AnyTensor): View {
  return { handle: storage.buffer as number, shape, strides, offset, dtype };
}

/** Views of tensors, in a list or alone, among arguments of an in-place kernel; everything else as it is. */
export type Argument = View | readonly View[] | number | object | null;

/** One thing to do, in the order in which the page asked for it. */
export type Command =
  | { readonly kind: 'upload'; readonly id: number; readonly data: Float32Array | Int32Array }
  | { readonly kind: 'free'; readonly id: number }
  | {
      readonly kind: 'kernel';
      readonly name: string;
      readonly inputs: readonly View[];
      readonly out: Meta;
      readonly attrs: unknown;
      readonly id: number;
    }
  | {
      readonly kind: 'forward';
      readonly name: string;
      readonly inputs: readonly View[];
      readonly out: Meta;
      readonly attrs: unknown;
      readonly id: number;
      /** The handle of all that the backward kernel will want; null where nothing is recorded. */
      readonly saved: number | null;
    }
  | {
      readonly kind: 'backward';
      readonly name: string;
      readonly g: View;
      readonly inputs: readonly View[];
      readonly output: View;
      readonly saved: readonly number[];
      readonly attrs: unknown;
      readonly needs: readonly boolean[];
      readonly ids: readonly (number | null)[];
    }
  | {
      readonly kind: 'inPlace';
      readonly name: string;
      readonly args: readonly Argument[];
      /** The handle of its result, for those that have one. */
      readonly id: number | null;
    }
  | {
      readonly kind: 'read';
      readonly call: number;
      readonly handle: number;
      readonly offset: number;
      readonly count: number;
      readonly dtype: DType;
    };

/** The first message to the worker. */
export interface Setup {
  readonly options: EngineOptions;
}

/** What the worker answers: once how the start went, then the reads in their order. */
export type Reply =
  | { readonly kind: 'started' }
  | { readonly kind: 'failed'; readonly error: PackedError }
  | { readonly kind: 'data'; readonly call: number; readonly data: Float32Array | Int32Array | Uint8Array }
  | { readonly kind: 'error'; readonly call: number; readonly error: PackedError }
  /** Sent whenever it has changed. */
  | { readonly kind: 'info'; readonly info: EngineInfo };

/** An error that can be cloned: its class, and what its constructor takes. */
export type PackedError =
  | { readonly kind: 'memory'; readonly args: ConstructorParameters<typeof OutOfMemory> }
  | { readonly kind: 'index'; readonly args: readonly [string, string, string, string | undefined] }
  | { readonly kind: 'worker'; readonly args: readonly [number] }
  | { readonly kind: 'backend'; readonly args: readonly [string] };

/** Makes an error fit to be sent. */
export function packError(error: unknown): PackedError {
  if (error instanceof OutOfMemory) {
    const { op, requestedBytes, liveBytes, limitBytes, shapes } = error;
    return { kind: 'memory', args: [op, requestedBytes, liveBytes, limitBytes, shapes] };
  }
  if (error instanceof IndexError) {
    const { op, argument, expected, received } = error;
    return { kind: 'index', args: [op, argument, expected, received] };
  }
  if (error instanceof WorkerLost) return { kind: 'worker', args: [error.workers] };
  return { kind: 'backend', args: [error instanceof Error ? error.message.replace(/^wasm: /, '') : String(error)] };
}

/** The error that was packed. */
export function unpackError(packed: PackedError): HeddleError {
  switch (packed.kind) {
    case 'memory':
      return new OutOfMemory(...packed.args);
    case 'index':
      return new IndexError(...packed.args);
    case 'worker':
      return new WorkerLost(...packed.args);
    case 'backend':
      return new BackendError('wasm', ...packed.args);
  }
}
