// What the fused kernels over rows are made of: one thread a row, a column or an element of a matrix [rows, width].

import type { GpuBuffer } from '../buffer';
import { Call } from '../call';
import type { Device } from '../device';
import { mapViews } from '../kernels/elementwise';
import { sumView } from '../kernels/reductions';
import { sourceOf, threadsOf } from '../threads';
import { type Dense, denseAs } from '../view';

/** A matrix's size. */
export interface Matrix {
  readonly rows: number;
  readonly width: number;
}

/** A buffer that goes along with a matrix: all of it, one number a row, or one a column. */
export interface Part {
  readonly buffer: GpuBuffer;
  readonly offset: number;
  readonly role: 'all' | 'row' | 'column';
}

export const all = ({ buffer, offset }: Pick<Dense, 'buffer' | 'offset'>): Part => ({ buffer, offset, role: 'all' });
export const row = (buffer: GpuBuffer): Part => ({ buffer, offset: 0, role: 'row' });
export const column = ({ buffer, offset }: Pick<Dense, 'buffer' | 'offset'>): Part => ({
  buffer,
  offset,
  role: 'column',
});

/** The size of the matrix that a shape is when all its axes but the last are rows. */
export function matrixOf(shape: readonly number[]): Matrix {
  const width = shape.length === 0 ? 1 : shape[shape.length - 1];
  return { width, rows: shape.slice(0, -1).reduce((a, b) => a * b, 1) };
}

function stridesIn(role: Part['role'], { width }: Matrix): readonly number[] {
  return role === 'all' ? [width, 1] : role === 'row' ? [1, 0] : [0, 1];
}

/** Statements for each element; parts are `a`, `b` …, numbers `s`, `t` …. */
export function mapMatrix(
  device: Device,
  op: string,
  { rows, width }: Matrix,
  parts: readonly Part[],
  numbers: readonly number[],
  statements: string,
): GpuBuffer {
  const views = parts.map(({ buffer, offset, role }) => ({
    buffer,
    offset,
    strides: stridesIn(role, { rows, width }),
  }));
  return mapViews(device, op, [rows, width], views, numbers, statements);
}

/** Statements of a thread that walks along a row (or a column). */
export interface Walk {
  /** Before the walk. */
  readonly start: string;
  /** At each element; the parts are `a`, `b` …. */
  readonly steps: readonly string[];
  /** After it; ends in a `return`. */
  readonly finish: string;
}

/** One thread a row, walking along it once for each of the steps. */
export function walkRows(
  device: Device,
  op: string,
  matrix: Matrix,
  parts: readonly Part[],
  numbers: readonly number[],
  walk: Walk,
): GpuBuffer {
  const threads = threadsOf(device.mode, [matrix.rows]);
  const call = new Call(device, op).note(matrix.width);
  const operands = parts.map((part) => call.buffer(part.buffer, stridesIn(part.role, matrix), part.offset));
  const names = numbers.map((number) => call.float(number));
  return call.run(threads, () => {
    const letter = (i: number): string => 'abcdef'[i];
    const perRow = operands.flatMap((operand, i) =>
      parts[i].role === 'row' ? [`const ${letter(i)} = ${operand.at([threads.index[0], '0'])};`] : [],
    );
    const perElement = operands.flatMap((operand, i) =>
      parts[i].role === 'row' ? [] : [`const ${letter(i)} = ${operand.at([threads.index[0], 'k'])};`],
    );
    return [
      ...names.map((name, i) => `const ${'stuv'[i]} = ${name};`),
      ...perRow,
      walk.start,
      ...walk.steps.map((step) => `for (let k = 0; k < ${matrix.width}; k++) {\n${perElement.join('\n')}\n${step}\n}`),
      walk.finish,
    ].join('\n');
  });
}

/** Rows that one thread adds up before the sums are added. */
const CHUNK = 64;

/** The sum of an expression of the parts down each column. */
export function sumColumns(
  device: Device,
  op: string,
  matrix: Matrix,
  parts: readonly Part[],
  numbers: readonly number[],
  expression: string,
): GpuBuffer {
  const { rows, width } = matrix;
  if (rows === 0) return device.upload(new Float32Array(width));
  const chunks = Math.ceil(rows / CHUNK);
  const threads = threadsOf(device.mode, [chunks, width]);
  const call = new Call(device, `sum ${op}`).note(rows);
  const operands = parts.map((part) => {
    const [down, along] = stridesIn(part.role, matrix);
    return call.buffer(part.buffer, [down * CHUNK, along, down], part.offset, threads.index);
  });
  const names = numbers.map((number) => call.float(number));
  const partial = call.run(threads, () => {
    const [chunk, place] = threads.index;
    return [
      ...names.map((name, i) => `const ${'stuv'[i]} = ${name};`),
      'let total = 0;',
      `for (let k = 0; k < ${CHUNK}; k++) {`,
      `if (${sourceOf(chunk)} * ${CHUNK} + k < ${rows}) {`,
      ...operands.map((operand, i) => `const ${'abcdef'[i]} = ${operand.at([chunk, place, 'k'])};`),
      `total += ${expression};`,
      '}',
      '}',
      'return total;',
    ].join('\n');
  });
  if (chunks === 1) return partial;
  const total = sumView(device, [chunks, width], denseAs(partial, [chunks, width]), [0]);
  device.free(partial);
  return total;
}
