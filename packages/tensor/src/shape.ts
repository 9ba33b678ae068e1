// Shape and stride rules only. No data is touched here.
import { IndexError, ShapeError } from './errors';

/** Sizes of the axes, outermost first. */
export type Shape = readonly number[];

/** Number of elements in a shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i];
  return size;
}

/** Row-major strides in elements. */
export function rowMajor(shape: Shape): readonly number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

/** True where the strides walk the elements in row-major order without gaps (axes of size 1 don't matter). */
export function isDense(shape: Shape, strides: readonly number[]): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== step) return false;
    step *= shape[i];
  }
  return true;
}

/** True where two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `[2, 3]`, as messages print it. */
export function show(shape: Shape): string {
  return `[${shape.map(String).join(', ')}]`;
}

/** NumPy's broadcasting rule for two shapes. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const x = i <= a.length ? a[a.length - i] : 1;
    const y = i <= b.length ? b[b.length - i] : 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(op, 'b', `a shape that broadcasts with ${show(a)}`, show(b));
    }
    out[rank - i] = x === 1 ? y : x;
  }
  return out;
}

/** Turns an axis that may count from the end into one in `[0, rank)`. */
export function normalAxis(op: string, axis: number, rank: number): number {
  const normal = typeof axis === 'number' && axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank) {
    throw new IndexError(
      op,
      'axis',
      rank === 0 ? 'no axis for a scalar' : `an axis in [${-rank}, ${rank - 1}]`,
      String(axis),
    );
  }
  return normal;
}

/** Sorted, distinct axes; all of them where none are named. */
export function normalAxes(op: string, axes: number | readonly number[] | undefined, rank: number): readonly number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  if (typeof axes === 'number') return [normalAxis(op, axes, rank)];
  if (!Array.isArray(axes)) throw new IndexError(op, 'axis', 'an axis or a list of them', String(axes));
  const normal = axes.map((axis) => normalAxis(op, axis, rank)).sort((a, b) => a - b);
  if (new Set(normal).size !== normal.length) throw new IndexError(op, 'axes', 'each axis once', show(axes));
  return normal;
}

/** The shape that is left when `axes` are reduced. */
export function reducedShape(shape: Shape, axes: readonly number[], keepdim: boolean): Shape {
  const out: number[] = [];
  for (let i = 0; i < shape.length; i++) {
    if (!axes.includes(i)) out.push(shape[i]);
    else if (keepdim) out.push(1);
  }
  return out;
}

/** Most elements that a tensor may have: positions are 32-bit numbers. */
const MOST_ELEMENTS = 2 ** 31 - 1;

/** Throws where a shape isn't a list of whole sizes. */
export function requireShape(op: string, shape: Shape): void {
  if (!Array.isArray(shape)) throw new ShapeError(op, 'shape', 'an array of sizes', String(shape));
  if (!shape.every((n) => Number.isInteger(n) && n >= 0))
    throw new ShapeError(op, 'shape', 'whole sizes of at least 0', show(shape));
  if (sizeOf(shape) > MOST_ELEMENTS) throw new ShapeError(op, 'shape', 'at most 2^31 - 1 elements', show(shape));
}

/** Checks sizes and resolves one `-1` so that `size` elements fit. */
export function resolveShape(op: string, shape: Shape, size: number): Shape {
  if (!Array.isArray(shape)) throw new ShapeError(op, 'shape', 'an array of sizes', String(shape));
  let known = 1;
  let open = -1;
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] === -1 && open === -1) open = i;
    else if (!Number.isInteger(shape[i]) || shape[i] < 0) {
      throw new ShapeError(op, 'shape', 'whole sizes of at least 0, with at most one -1', show(shape));
    } else known *= shape[i];
  }
  if (open === -1) {
    if (known !== size) throw new ShapeError(op, 'shape', `${size} elements`, `${show(shape)} with ${known}`);
    return shape;
  }
  if (known === 0 || size % known !== 0) {
    throw new ShapeError(op, 'shape', `a shape that ${size} elements fill`, show(shape));
  }
  return shape.map((n, i) => (i === open ? size / known : n));
}

/**
 * Strides that give `shape` as a view of `(from, strides)`, or null where only a copy can.
 * Each run of new axes must split or join a run of old axes that is dense within itself.
 */
export function viewStrides(from: Shape, strides: readonly number[], shape: Shape): readonly number[] | null {
  if (isDense(from, strides)) return rowMajor(shape);
  if (sizeOf(from) === 0) return rowMajor(shape);
  const out = new Array<number>(shape.length).fill(1);
  let i = 0;
  let j = 0;
  while (i < from.length || j < shape.length) {
    if (i < from.length && from[i] === 1) {
      i++;
      continue;
    }
    if (j < shape.length && shape[j] === 1) {
      j++;
      continue;
    }
    let old = from[i];
    let fresh = shape[j];
    const firstOld = i;
    const firstNew = j;
    while (old !== fresh) {
      if (old < fresh) {
        i++;
        if (strides[i - 1] !== strides[i] * from[i]) return null;
        old *= from[i];
      } else {
        j++;
        fresh *= shape[j];
      }
    }
    let step = strides[i];
    for (let k = j; k >= firstNew; k--) {
      out[k] = step;
      step *= shape[k];
    }
    if (firstOld === i && firstNew === j) out[j] = strides[i];
    i++;
    j++;
  }
  return out;
}
