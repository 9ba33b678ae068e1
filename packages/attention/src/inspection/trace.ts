// What a call of a model does, part by part: shapes, parameters, arithmetic, traffic.
import { noGrad, profile, type Shape, scope } from '@heddle/tensor';
import type { Module } from '@heddle/tensor/nn';
import { requireModule } from '../errors';

/** One part of a model, with everything below it. */
export interface TraceRow {
  /** Its name; empty for the model itself. */
  readonly name: string;
  /** Its class. */
  readonly type: string;
  readonly calls: number;
  /** Shape of what it gave the last time; null where that is no tensor, or it was never called. */
  readonly output: Shape | null;
  /** Elements of its parameters, tied ones once. */
  readonly parameters: number;
  /** Floating-point operations of its matrix products and attention. */
  readonly flops: number;
  /** Bytes that its kernels read and wrote. */
  readonly bytes: number;
}

/** What `trace` gives. */
export interface Trace {
  /** One row a part, from the model down. */
  readonly rows: readonly TraceRow[];
  /** The rows as aligned text. */
  table(): string;
}

/**
 * Runs a model once and notes what each of its parts does. Nothing is kept but the numbers.
 *
 * @param inputs what `model.call` takes
 * @example
 * ```ts
 * import { Gpt2, gpt2Config, trace } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const model = new Gpt2(gpt2Config({ vocabSize: 50, dim: 16, layers: 2, heads: 2, maxLength: 8 })).eval();
 * const { table } = await trace(model, { ids: tensor([[1, 2, 3]], { dtype: 'int32' }) });
 * console.log(table());
 * ```
 */
export async function trace<M extends Module>(model: M, ...inputs: Parameters<M['forward']>): Promise<Trace> {
  requireModule('trace', model);
  const parts = new Map<Module, Counts>();
  const names = new Map<Module, string>();
  for (const { name, module } of model.namedModules()) {
    // A part that stands in two places, such as a shared embedding, has its first name.
    if (names.has(module)) continue;
    names.set(module, name);
    parts.set(module, { calls: 0, output: null, flops: 0, bytes: 0 });
  }
  await profile((kernels) => {
    const restore = [...parts].map(([module, counts]) => watch(module, counts, kernels));
    try {
      noGrad(() => scope(() => void model.call(...inputs)));
    } finally {
      for (const undo of restore) undo();
    }
  });
  const rows = [...parts].map(([module, { calls, output, flops, bytes }]): TraceRow => {
    const name = names.get(module) ?? '';
    const parameters = module.parameterCount();
    return { name, type: module.constructor.name, calls, output, parameters, flops, bytes };
  });
  return { rows, table: () => tableOf(rows) };
}

interface Counts {
  calls: number;
  output: Shape | null;
  flops: number;
  bytes: number;
}

/** Counts the kernels that run inside a part. Returns what ends it. */
function watch(
  module: Module,
  counts: Counts,
  kernels: readonly { readonly flops: number; readonly bytes: number }[],
): () => void {
  const own = Object.getOwnPropertyDescriptor(module, 'forward');
  const plain = module.forward.bind(module) as (...inputs: readonly unknown[]) => unknown;
  let inside = false;
  const forward = (...inputs: readonly unknown[]): unknown => {
    if (inside) return plain(...inputs);
    inside = true;
    const from = kernels.length;
    try {
      const output = plain(...inputs);
      counts.calls++;
      counts.output = shapeOf(output);
      for (let i = from; i < kernels.length; i++) {
        counts.flops += kernels[i].flops;
        counts.bytes += kernels[i].bytes;
      }
      return output;
    } finally {
      inside = false;
    }
  };
  Object.defineProperty(module, 'forward', { value: forward, enumerable: false, configurable: true });
  return () => {
    if (own === undefined) Reflect.deleteProperty(module, 'forward');
    else Object.defineProperty(module, 'forward', own);
  };
}

function shapeOf(output: unknown): Shape | null {
  return typeof output === 'object' && output !== null && 'shape' in output && Array.isArray(output.shape)
    ? output.shape
    : null;
}

function tableOf(rows: readonly TraceRow[]): string {
  const header = ['module', 'class', 'calls', 'output', 'parameters', 'FLOPs', 'bytes'];
  const body = rows.map(({ name, type, calls, output, parameters, flops, bytes }) => [
    name === '' ? '(model)' : name,
    type,
    String(calls),
    output === null ? '' : `[${output.join(', ')}]`,
    grouped(parameters),
    grouped(flops),
    grouped(bytes),
  ]);
  const widths = header.map((title, i) => Math.max(title.length, ...body.map((cells) => cells[i].length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  return [header, ...body].map(line).join('\n');
}

const grouped = (n: number): string => n.toLocaleString('en-US');
