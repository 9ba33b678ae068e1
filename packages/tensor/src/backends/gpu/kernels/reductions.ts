// Kernels that reduce, scan and rank.
import { reducedShape } from '../../../shape';
import type { Kernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { Call, stridesOf } from '../call';
import type { Device } from '../device';
import { collapse, type Index, sourceOf, threadsOf } from '../threads';
import { denseAs, type View, viewOf } from '../view';
import { isNaNOf, raise } from './not-a-number';

/** How a reduction starts from the first element `v`, and takes in another one. */
interface Fold {
  readonly name: string;
  readonly start: string;
  /** What is left where there is nothing to take in. */
  readonly empty: number;
  readonly step: string;
  /** How partial results of long reductions are put together, where it isn't the same way. */
  readonly chunks?: Fold;
}

const SUM: Fold = { name: 'sum', empty: 0, start: 'let total = 0;', step: 'total += v;' };
const SQUARES: Fold = { name: 'squares', empty: 0, start: 'let total = 0;', step: 'total += v * v;', chunks: SUM };
// The first element starts the race: there is no literal for −∞. NaN wins.
const MAX: Fold = {
  name: 'max',
  empty: Number.NEGATIVE_INFINITY,
  start: 'let total = FIRST;',
  step: raise('total', 'v'),
};

/** Fewer outputs than this leave most of a GPU idle: then long sums are taken in two steps. */
const FEW = 2048;
const LONG = 256;

/** Loops `k0`, `k1` … over `sizes`, with `body` inside. */
function loops(sizes: readonly number[], body: string): string {
  return sizes.reduceRight((inner, n, i) => `for (let k${i} = 0; k${i} < ${n}; k${i}++) {\n${inner}\n}`, body);
}

function reduceView(
  device: Device,
  fold: Fold,
  shape: readonly number[],
  view: View,
  axes: readonly number[],
): GpuBuffer {
  const { strides } = view;
  // In whichever order they lie in memory: there they may be one axis.
  const inward = [...axes].sort((a, b) => strides[b] - strides[a]);
  const pick = (list: readonly number[], which: readonly number[]): number[] => which.map((axis) => list[axis]);
  const others = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const kept = collapse(pick(shape, others), [pick(strides, others)]);
  const gone = collapse(pick(shape, inward), [pick(strides, inward)]);
  const outputs = kept.shape.reduce((a, b) => a * b, 1);
  const length = gone.shape.reduce((a, b) => a * b, 1);
  if (outputs === 0) return device.upload(new Float32Array(0));
  if (length === 0) return device.upload(new Float32Array(outputs).fill(fold.empty));
  if (outputs < FEW && length >= LONG && gone.shape.length === 1) {
    return inTwoSteps(device, fold, kept.shape, kept.strides[0], view, length, gone.strides[0][0]);
  }
  if (outputs < FEW && length >= LONG && gone.shape.length > 1) {
    const all = [...kept.shape, ...gone.shape];
    const whole = { ...view, strides: [...kept.strides[0], ...gone.strides[0]] };
    return axisByAxis(device, fold, all, whole, kept.shape.length);
  }
  const threads = threadsOf(device.mode, kept.shape);
  const call = new Call(device, fold.name).note(gone.shape, kept.shape.length);
  const x = call.buffer(view.buffer, [...kept.strides[0], ...gone.strides[0]], view.offset, threads.index);
  return call.run(threads, () => {
    const position = (inner: readonly string[]): string => x.at([...threads.index, ...inner]);
    const first = position(gone.shape.map(() => '0'));
    const element = position(gone.shape.map((_, i) => `k${i}`));
    return [
      fold.start.replace('FIRST', first),
      loops(gone.shape, `const v = ${element};\n${fold.step}`),
      'return total;',
    ].join('\n');
  });
}

/** The last axis first, then those from `first` on that are left. */
function axisByAxis(device: Device, fold: Fold, shape: readonly number[], view: View, first: number): GpuBuffer {
  const left = shape.slice(0, -1);
  const partial = reduceView(device, fold, shape, view, [left.length]);
  const axes = left.map((_, axis) => axis).slice(first);
  const result = reduceView(device, fold.chunks ?? fold, left, denseAs(partial, left), axes);
  device.free(partial);
  return result;
}

/** Every chunk-th element by a thread of its own, then the chunks. */
function inTwoSteps(
  device: Device,
  fold: Fold,
  kept: readonly number[],
  keptStrides: readonly number[],
  view: View,
  length: number,
  stride: number,
): GpuBuffer {
  const chunks = Math.min(Math.ceil(Math.sqrt(length)), 1024);
  const turns = Math.ceil(length / chunks);
  const shape = [...kept, chunks];
  const threads = threadsOf(device.mode, shape);
  const call = new Call(device, `${fold.name} chunks`).note(length, chunks, kept.length);
  const x = call.buffer(view.buffer, [...keptStrides, stride, stride * chunks], view.offset, threads.index);
  const partial = call.run(threads, () => {
    const chunk = threads.index[threads.index.length - 1];
    const name = sourceOf(chunk);
    return [
      fold.start.replace('FIRST', x.at([...threads.index, '0'])),
      `for (let k = 0; k < ${turns}; k++) {`,
      `if (k * ${chunks} + ${name} < ${length}) {`,
      `const v = ${x.at([...threads.index, 'k'])};`,
      fold.step,
      '}',
      '}',
      'return total;',
    ].join('\n');
  });
  const result = reduceView(device, fold.chunks ?? fold, shape, denseAs(partial, shape), [kept.length]);
  device.free(partial);
  return result;
}

/** The sum of a view over some of its axes. */
export function sumView(device: Device, shape: readonly number[], view: View, axes: readonly number[]): GpuBuffer {
  return reduceView(device, SUM, shape, view, axes);
}

/** Σ x² over a tensor. */
export function sumSquaresOf(device: Device, shape: readonly number[], view: View): GpuBuffer {
  return reduceView(
    device,
    SQUARES,
    shape,
    view,
    shape.map((_, i) => i),
  );
}

function reduction(device: Device, fold: Fold): Kernel<{ readonly axes: readonly number[] }, GpuBuffer> {
  return ([x], _, { axes }) => reduceView(device, fold, x.shape, viewOf(x), axes);
}

/** Threads over a shape, and the same positions with another source along one axis. */
function line(device: Device, shape: readonly number[]) {
  const threads = threadsOf(device.mode, shape);
  const replaced = (axis: number, by: Index): Index[] => threads.index.map((own, i) => (i === axis ? by : own));
  const name = (axis: number): string => sourceOf(threads.index[axis]);
  return { threads, replaced, name };
}

interface AxisAttrs {
  readonly axis: number;
}

function argmax(device: Device): Kernel<AxisAttrs, GpuBuffer> {
  return ([x], _, { axis }) => {
    const { threads } = line(device, reducedShape(x.shape, [axis], false));
    const along = (k: string): Index[] => [...threads.index.slice(0, axis), k, ...threads.index.slice(axis)];
    const call = new Call(device, 'argmax').note(axis, x.shape[axis]);
    const operand = call.tensor(x, along('k'));
    const at = (k: string): string => operand.at(along(k));
    return call.run(threads, () =>
      [
        `let top = ${at('0')};`,
        'let best = 0;',
        'let over = 0;',
        `for (let k = 0; k < ${x.shape[axis]}; k++) {`,
        `const v = ${at('k')};`,
        // The first NaN is on neither side, and ends the race.
        'if (over < 0.5) {',
        'over = 1;',
        'if (v <= top) { over = 0; }',
        'if (v > top) { over = 0; top = v; best = k; }',
        'if (over > 0.5) { best = k; }',
        '}',
        '}',
        'return best;',
      ].join('\n'),
    );
  };
}

function cumsum(device: Device): Kernel<AxisAttrs, GpuBuffer> {
  return ([x], _, { axis }) => {
    const { threads, replaced, name } = line(device, x.shape);
    const call = new Call(device, 'cumsum').note(axis, x.shape[axis]);
    const operand = call.tensor(x, replaced(axis, 'k'));
    return call.run(threads, () =>
      [
        'let total = 0;',
        `for (let k = 0; k < ${x.shape[axis]}; k++) {`,
        `if (k <= ${name(axis)}) { total += ${operand.at(replaced(axis, 'k'))}; }`,
        '}',
        'return total;',
      ].join('\n'),
    );
  };
}

/** True where `v` comes before `w`; NaN is the greatest. `vNaN` says that `v` is one. */
const before = (v: string, w: string): string => `(${v} < ${w} || ${v}NaN < ${w}NaN)`;

/**
 * Sorting by counting: an element's place is the number of elements before it. Two kernels without branches between
 * threads; work grows with the square of the axis.
 */
function argsort(device: Device): Kernel<AxisAttrs & { readonly descending: boolean }, GpuBuffer> {
  return ([x], _, { axis, descending }) => {
    const length = x.shape[axis];
    const { threads, replaced, name } = line(device, x.shape);
    const own = name(axis);
    const count = new Call(device, 'rank').note(axis, length, descending);
    const operand = count.tensor(x, threads.index);
    const ranks = count.run(threads, () =>
      [
        `const own = ${operand.at(threads.index)};`,
        isNaNOf('ownNaN', 'own'),
        'let rank = 0;',
        `for (let k = 0; k < ${length}; k++) {`,
        `const other = ${operand.at(replaced(axis, 'k'))};`,
        isNaNOf('otherNaN', 'other'),
        `if (${descending ? before('own', 'other') : before('other', 'own')}) { rank += 1; }`,
        // Equal ones keep their order.
        `else if (!${before('own', 'other')} && !${before('other', 'own')} && k < ${own}) { rank += 1; }`,
        '}',
        'return rank;',
      ].join('\n'),
    );
    const invert = new Call(device, 'unrank').note(axis, length);
    const places = invert.buffer(ranks, stridesOf(x.shape), 0, replaced(axis, 'k'));
    const order = invert.run(threads, () =>
      [
        'let from = 0;',
        `for (let k = 0; k < ${length}; k++) {`,
        `if (Math.abs(${places.at(replaced(axis, 'k'))} - ${own}) < 0.5) { from = k; }`,
        '}',
        'return from;',
      ].join('\n'),
    );
    device.free(ranks);
    return order;
  };
}

/** The rows of the table that this file fills. */
export function reductions(device: Device) {
  return {
    sum: reduction(device, SUM),
    max: reduction(device, MAX),
    argmax: argmax(device),
    cumsum: cumsum(device),
    argsort: argsort(device),
  };
}
