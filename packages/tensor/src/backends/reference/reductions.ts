// Reference kernels that reduce, scan, sort and multiply matrices.
import { fitsDType, sumTooGreat } from '../../dtype';
import { sizeOf } from '../../shape';
import type { Kernel } from '../backend';
import { allocate, around, dense, type ReferenceBuffer, reducedPositions } from './buffer';

interface Axes {
  readonly axes: readonly number[];
}

function reduce(start: number, combine: (total: number, x: number) => number): Kernel<Axes, ReferenceBuffer> {
  return ([x], out, { axes }) => {
    const totals = new Float64Array(sizeOf(out.shape)).fill(
      out.dtype === 'float32' || Number.isFinite(start) ? start : -(2 ** 31),
    );
    const values = dense(x);
    const to = reducedPositions(x.shape, axes);
    for (let i = 0; i < values.length; i++) totals[to[i]] = combine(totals[to[i]], values[i]);
    return out.dtype === 'float32' ? totals : Int32Array.from(totals, (total) => requireSum('sum', total));
  };
}

/** Throws where a sum of int32 is none. */
function requireSum(op: string, total: number): number {
  if (!fitsDType('int32', total)) throw sumTooGreat(op);
  return total;
}

/** Goes through every line along an axis: `get(k)` reads its k-th element, `set(k)` writes the output's. */
function lines(
  x: Parameters<Kernel<object, ReferenceBuffer>>[0][number],
  axis: number,
  result: ReferenceBuffer,
  outLength: number,
  visit: (line: number[], set: (k: number, value: number) => void) => void,
): ReferenceBuffer {
  const { outer, length, inner } = around(x.shape, axis);
  const values = dense(x);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const line = Array.from({ length }, (_, k) => values[(o * length + k) * inner + i]);
      visit(line, (k, value) => {
        result[(o * outLength + k) * inner + i] = value;
      });
    }
  }
  return result;
}

const matmul: Kernel<object, ReferenceBuffer> = ([a, b], out) => {
  const M = a.shape[a.rank - 2];
  const K = a.shape[a.rank - 1];
  const N = b.shape[b.rank - 1];
  const result = allocate(out.shape, out.dtype);
  const left = dense(a);
  const right = dense(b);
  const batches = M * N === 0 ? 0 : result.length / (M * N);
  for (let n = 0; n < batches; n++) {
    for (let i = 0; i < M; i++) {
      for (let j = 0; j < N; j++) {
        let total = 0;
        for (let k = 0; k < K; k++) total += left[(n * M + i) * K + k] * right[(n * K + k) * N + j];
        result[(n * M + i) * N + j] = total;
      }
    }
  }
  return result;
};

export const reductions = {
  sum: reduce(0, (total, x) => total + x),
  max: reduce(Number.NEGATIVE_INFINITY, Math.max),
  argmax: (([x], out, { axis }) =>
    lines(x, axis, allocate(out.shape, out.dtype), 1, (line, set) => {
      let best = 0;
      for (let k = 1; k < line.length; k++) {
        if (!Number.isNaN(line[best]) && (line[k] > line[best] || Number.isNaN(line[k]))) best = k;
      }
      set(0, best);
    })) satisfies Kernel<{ readonly axis: number }, ReferenceBuffer>,
  cumsum: (([x], out, { axis }) =>
    lines(x, axis, allocate(out.shape, out.dtype), x.shape[axis], (line, set) => {
      let total = 0;
      line.forEach((value, k) => {
        total += value;
        set(k, out.dtype === 'int32' ? requireSum('cumsum', total) : total);
      });
    })) satisfies Kernel<{ readonly axis: number }, ReferenceBuffer>,
  argsort: (([x], out, { axis, descending }) =>
    lines(x, axis, allocate(out.shape, out.dtype), x.shape[axis], (line, set) => {
      const order = line
        .map((_, k) => k)
        .sort((a, b) => (descending ? compare(line[b], line[a]) : compare(line[a], line[b])));
      order.forEach((from, k) => {
        set(k, from);
      });
    })) satisfies Kernel<{ readonly axis: number; readonly descending: boolean }, ReferenceBuffer>,
  matmul,
};

/** Numbers in order, NaN after all of them. */
function compare(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a - b;
}
