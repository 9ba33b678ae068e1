// How the elements of a shape are dealt to threads. gpu.js counts threads in whole numbers but keeps variables as
// floats, so positions are spelled out of `this.thread` wherever three axes are enough.
import { BackendError } from '../../errors';
import { type Shape, sizeOf } from '../../shape';
import type { Mode } from './device';

/** Source of a position along an axis; a float one is exact up to 2^24 and needs another way to index. */
export type Position = string | { readonly float: string };

/** The same, with how many positions there are. */
export type Index = string | { readonly float: string; readonly count: number };

/** The source of a position, whichever kind it is. */
export function sourceOf(index: Position): string {
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
  if (rank <= 1) return dealt([[], [], shape]);
  const [outer, y, x] = [shape.slice(0, -2), [shape[rank - 2]], [shape[rank - 1]]];
  // Two axes would be one texture of just these sizes, which may be too long; three are packed near a square.
  if (mode === 'webgl2') return dealt(rank === 2 ? [y, [], x] : [outer, y, x]);
  if (fits([outer, y, x])) return dealt([outer, y, x]);
  for (let i = 0; i < rank; i++) {
    for (let j = i; j < rank; j++) {
      const groups = [shape.slice(0, i), shape.slice(i, j), shape.slice(j)];
      if (fits(groups)) return dealt(groups);
    }
  }
  if (sizeOf(shape) > EXACT) {
    throw new BackendError(
      'gpu',
      `[${shape.join(', ')}] has too many elements for its strides: make smaller pieces of it`,
    );
  }
  return dealt([[], [], shape]);
}

function fits([z, y, x]: readonly Shape[]): boolean {
  return sizeOf(x) <= MOST[0] && sizeOf(y) <= MOST[1] && sizeOf(z) <= MOST[2];
}

/** Gives the axes of each group, in row-major order, to the threads along z, y and x. */
function dealt(groups: readonly Shape[]): Threads {
  const parts = groups.map((sizes, i) => unfolded(`this.thread.${'zyx'[i]}`, sizes, groups.slice(0, i).flat().length));
  const [deep, down, across] = groups.map(sizeOf);
  const output = groups[0].length > 0 ? [across, down, deep] : groups[1].length > 0 ? [across, down] : [across];
  return {
    output,
    index: parts.flatMap(({ index }) => index),
    prologue: parts.flatMap(({ lines }) => lines).join('\n'),
    key: parts.map(({ key }) => key).join(),
  };
}

/** Takes one thread number apart into the positions along some axes, of which `first` come before. */
function unfolded(
  thread: string,
  sizes: Shape,
  first: number,
): { readonly lines: readonly string[]; readonly index: readonly Index[]; readonly key: string } {
  if (sizes.length <= 1) return { lines: [], index: sizes.map(() => thread), key: sizes.map(() => thread).join() };
  const at = (axis: number): string => `at${first + axis}`;
  const rest = (axis: number): string => `rest${first + axis}`;
  const lines = [`let ${rest(sizes.length)} = ${thread};`];
  for (let i = sizes.length - 1; i >= 1; i--) {
    const n = sizes[i];
    const [all, quotient] = [rest(i + 1), rest(i)];
    lines.push(
      `let ${quotient} = Math.floor(${all} / ${n});`,
      // Division may be off by a rounding; multiplication of whole floats is not.
      `if (${quotient} * ${n} > ${all}) { ${quotient} = ${quotient} - 1; }`,
      `if (${all} - ${quotient} * ${n} > ${n - 0.5}) { ${quotient} = ${quotient} + 1; }`,
      `let ${at(i)} = ${all} - ${quotient} * ${n};`,
    );
  }
  const index = sizes.map((count, i): Index => ({ float: i === 0 ? rest(1) : at(i), count }));
  return { lines, index, key: `${thread}:${sizes.join('.')}` };
}

/**
 * What float positions count in, elements that all their strides are multiples of; 0 where no position is a float.
 *
 * @throws {BackendError} where that doesn't leave numbers that floats hold.
 */
export function unitOf(positions: readonly Index[], strides: readonly number[]): number {
  let unit = 0;
  let last = 0;
  let isFloat = false;
  positions.forEach((position, i) => {
    if (typeof position === 'string') return;
    isFloat = true;
    unit = commonDivisor(unit, strides[i]);
    last += (position.count - 1) * strides[i];
  });
  if (last > EXACT * unit) {
    throw new BackendError(
      'gpu',
      `${last} elements in strides of ${strides.join(', ')} are too many: make smaller pieces`,
    );
  }
  return isFloat ? Math.max(unit, 1) : 0;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
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
