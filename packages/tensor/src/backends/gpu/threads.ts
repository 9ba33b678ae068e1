// How the elements of a shape are dealt to threads. gpu.js counts threads in whole numbers but keeps variables as
// floats, so positions are spelled out of `this.thread` wherever three axes are enough.
import { BackendError } from '../../errors';
import type { Shape } from '../../shape';
import type { Mode } from './device';

/** Source of a position along an axis; a float one is exact up to 2^24 and needs another way to index. */
export type Index = string | { readonly float: string };

/** The source of a position, whichever kind it is. */
export function sourceOf(index: Index): string {
  return typeof index === 'string' ? index : index.float;
}

/** One thread an element. */
export interface Threads {
  /** Threads along x, y, z. */
  readonly output: readonly number[];
  /** Position along each axis of the shape. */
  readonly index: readonly Index[];
  /** Statements that the float positions need. */
  readonly prologue: string;
  /** Whether any position is a float. */
  readonly folded: boolean;
  /** Whatever of this is in the source. */
  readonly key: string;
}

/** Most threads along an axis that every WebGPU device runs: 65,535 workgroups of 8, 8 and 1. */
const MOST = [524_280, 524_280, 65_535] as const;

/** Whole numbers up to here are exact as floats. */
const EXACT = 2 ** 24;

/** Deals out the elements of `shape` in row-major order. */
export function threadsOf(mode: Mode, shape: Shape): Threads {
  const rank = shape.length;
  if (rank <= 1) return plain(shape.length === 0 ? [1] : shape, rank === 0 ? [] : ['this.thread.x']);
  const [x, y] = [shape[rank - 1], shape[rank - 2]];
  // Two axes would be one texture of just these sizes, which may be too long; three are packed near a square.
  if (rank === 2 && mode === 'webgl2') return plain([x, 1, y], ['this.thread.z', 'this.thread.x']);
  if (rank === 2 && x <= MOST[0] && y <= MOST[1]) return plain([x, y], ['this.thread.y', 'this.thread.x']);
  const z = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  const fits = mode === 'webgl2' || (x <= MOST[0] && y <= MOST[1] && z <= MOST[2]);
  if (!fits && x * y * z > EXACT) {
    throw new BackendError(
      'gpu',
      `[${shape.join(', ')}] has too many elements for its strides: make smaller pieces of it`,
    );
  }
  if (!fits) return folded([x * y * z], 'this.thread.x', shape, []);
  if (rank === 3) return plain([x, y, z], ['this.thread.z', 'this.thread.y', 'this.thread.x']);
  return folded([x, y, z], 'this.thread.z', shape.slice(0, -2), ['this.thread.y', 'this.thread.x']);
}

function plain(output: readonly number[], index: readonly string[]): Threads {
  return { output, index, prologue: '', folded: false, key: index.join() };
}

/** Takes one thread number apart into the axes of `outer`; the positions `inner` follow them. */
function folded(output: readonly number[], thread: string, outer: Shape, inner: readonly string[]): Threads {
  const lines = [`let rest${outer.length} = ${thread};`];
  const index: Index[] = [];
  for (let i = outer.length - 1; i >= 1; i--) {
    const n = outer[i];
    const [all, quotient] = [`rest${i + 1}`, `rest${i}`];
    lines.push(
      `let ${quotient} = Math.floor(${all} / ${n});`,
      // Division may be off by a rounding; multiplication of whole floats is not.
      `if (${quotient} * ${n} > ${all}) { ${quotient} = ${quotient} - 1; }`,
      `if (${all} - ${quotient} * ${n} > ${n - 0.5}) { ${quotient} = ${quotient} + 1; }`,
      `let at${i} = ${all} - ${quotient} * ${n};`,
    );
    index.unshift({ float: `at${i}` });
  }
  index.unshift({ float: 'rest1' });
  return {
    output,
    index: [...index, ...inner],
    prologue: lines.join('\n'),
    folded: true,
    key: `${thread}:${outer.join('.')}`,
  };
}

/** Axes joined where every operand's strides allow it, sizes of one left out: fewer kernels, and shorter ones. */
export function collapse(
  shape: Shape,
  strides: readonly (readonly number[])[],
): { readonly shape: number[]; readonly strides: number[][] } {
  const sizes: number[] = [];
  const out: number[][] = strides.map(() => []);
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] === 1) continue;
    const last = sizes.length - 1;
    const joins = last >= 0 && strides.every((s, n) => out[n][last] === s[i] * shape[i]);
    if (joins) {
      sizes[last] *= shape[i];
      for (let n = 0; n < strides.length; n++) out[n][last] = strides[n][i];
    } else {
      sizes.push(shape[i]);
      for (let n = 0; n < strides.length; n++) out[n].push(strides[n][i]);
    }
  }
  return { shape: sizes, strides: out };
}
