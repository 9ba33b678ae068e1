// The page's side: a backend whose ops are commands to an engine in a worker. Building stays synchronous, since nothing
// but `read` waits; so the page never does.
import type { DType, HostArrays } from '../../../dtype';
import { BackendError } from '../../../errors';
import { fused, primitives } from '../../../registry';
import type { Shape } from '../../../shape';
import type { AnyTensor } from '../../../tensor';
import {
  type Backend,
  type BackendInfo,
  type FusedKernel,
  type FusedTable,
  type InPlaceKernels,
  type Kernel,
  type KernelTable,
  Laid,
} from '../../backend';
import { layoutLike } from '../../layout';
import type { EngineInfo } from '../engine/engine';
import { type Argument, type Command, type Reply, unpackError, viewOf } from './protocol';

/** The way to the worker. */
export interface Channel {
  post(commands: readonly Command[], transfer: ArrayBuffer[]): void;
  close(): void;
}

/** A backend on the page, and what the worker's replies are to be given to. */
export interface Remote {
  readonly backend: Backend<number>;
  readonly receive: (reply: Reply) => void;
  /** Says that the worker has ended: all reads fail with `reason`. */
  readonly end: (reason: string) => void;
}

// Commands that are gathered before they are sent, while the page goes on building.
const BATCH = 32;

/** Makes a backend over a channel. */
export function remoteBackend(channel: Channel): Remote {
  let queue: Command[] = [];
  let transfer: ArrayBuffer[] = [];
  let next = 1;
  let ended: BackendError | null = null;
  let info: EngineInfo = { threads: 1, simd: 'plain', shared: true, blas: 'none', notes: [] };
  const reads = new Map<number, { resolve(data: ArrayBufferView): void; reject(error: Error): void }>();

  const flush = (): void => {
    if (queue.length > 0 && ended === null) channel.post(queue, transfer);
    queue = [];
    transfer = [];
  };
  const send = (command: Command): void => {
    if (queue.length === 0) queueMicrotask(flush);
    queue.push(command);
    if (queue.length >= BATCH) flush();
  };
  const handle = (): number => next++;

  const kernelOf =
    (name: string): Kernel<unknown, number> =>
    (inputs, out, attrs) => {
      const id = handle();
      send({
        kind: 'kernel',
        name,
        inputs: inputs.map(viewOf),
        out: { shape: out.shape, dtype: out.dtype },
        attrs,
        id,
      });
      return id;
    };

  const rowOf = (name: string): FusedKernel<unknown, number> => ({
    forward(inputs, out, attrs, save) {
      const id = handle();
      const saved = save === null ? null : handle();
      const meta = { shape: out.shape, dtype: out.dtype };
      send({ kind: 'forward', name, inputs: inputs.map(viewOf), out: meta, attrs, id, saved });
      // How much it is only the worker knows.
      if (saved !== null) save?.(saved, 0);
      return laid(name, id, inputs[0], out.shape);
    },
    backward(g, { inputs, output, saved, attrs, needs }) {
      const ids = needs.map((needed) => (needed ? handle() : null));
      const [from, to] = [viewOf(g), viewOf(output)];
      send({ kind: 'backward', name, g: from, inputs: inputs.map(viewOf), output: to, saved, attrs, needs, ids });
      return ids.map((id, i) => (id === null || i > 2 ? id : laid(name, id, inputs[i], inputs[i].shape)));
    },
  });

  const inPlace =
    (name: keyof InPlaceKernels<number>) =>
    (...args: unknown[]): void =>
      send({ kind: 'inPlace', name, args: args.map(argumentOf), id: null });

  const tables = {
    kernels: Object.fromEntries(Object.keys(primitives).map((name) => [name, kernelOf(name)])),
    fused: Object.fromEntries(Object.keys(fused).map((name) => [name, rowOf(name)])),
  };
  const backend: Backend<number> = {
    name: 'wasm',
    // Every name of the registry has a row: that is what the tables' types ask for.
    kernels: tables.kernels as unknown as KernelTable<number>,
    fused: tables.fused as unknown as FusedTable<number>,
    inPlace: {
      copyInto: inPlace('copyInto'),
      addInto: inPlace('addInto'),
      scaleInPlace: inPlace('scaleInPlace'),
      clampInPlace: inPlace('clampInPlace'),
      adam: inPlace('adam'),
      sgd: inPlace('sgd'),
      lion: inPlace('lion'),
      sumSquares(tensors) {
        const id = handle();
        send({ kind: 'inPlace', name: 'sumSquares', args: [tensors.map(viewOf)], id });
        return id;
      },
    },
    upload(data) {
      const id = handle();
      const copy = data.slice();
      transfer.push(copy.buffer);
      send({ kind: 'upload', id, data: copy });
      return id;
    },
    read: <D extends DType>(buffer: number, offset: number, count: number, dtype: D): Promise<HostArrays[D]> =>
      new Promise((resolve, reject) => {
        if (ended !== null) return reject(ended);
        const call = next++;
        // The reply to this call is an array of this dtype.
        reads.set(call, { resolve: resolve as (data: ArrayBufferView) => void, reject });
        send({ kind: 'read', call, handle: buffer, offset, count, dtype });
        flush();
      }),
    free: (id) => send({ kind: 'free', id }),
    info: (): BackendInfo => ({
      backend: 'wasm',
      threads: info.threads,
      simd: info.simd,
      blas: info.blas,
      notes: [...info.notes, 'the engine runs in a worker of its own, so that the page goes on'],
    }),
    isLost: () => ended !== null,
    async dispose() {
      end('the engine was disposed');
      channel.close();
    },
  };

  const end = (reason: string): void => {
    ended ??= new BackendError('wasm', reason);
    for (const { reject } of reads.values()) reject(ended);
    reads.clear();
  };

  const receive = (reply: Reply): void => {
    if (reply.kind === 'info') info = reply.info;
    if (reply.kind !== 'data' && reply.kind !== 'error') return;
    const read = reads.get(reply.call);
    reads.delete(reply.call);
    if (reply.kind === 'data') read?.resolve(reply.data);
    else read?.reject(unpackError(reply.error));
  };

  return { backend, receive, end };
}

// The engine's attention lays its results as q, k and v lie; a mask's gradient and all other results are row-major.
function laid(name: string, id: number, like: AnyTensor, shape: Shape): number | Laid<number> {
  return name === 'scaledDotProductAttention' ? new Laid(id, layoutLike(like, shape)) : id;
}

function argumentOf(arg: unknown): Argument {
  if (Array.isArray(arg)) return arg.map(viewOf);
  return isTensor(arg) ? viewOf(arg) : (arg as number | object | null);
}

function isTensor(arg: unknown): arg is AnyTensor {
  return typeof arg === 'object' && arg !== null && 'storage' in arg;
}
