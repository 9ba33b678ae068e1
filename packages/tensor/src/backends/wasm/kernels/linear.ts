// The affine map's row of the table: forward is one product with bias and activation in it, backward two products and
// column sums. Inputs of any strides are read where they lie.
import type { FusedRows } from '../../../registry';
import type { AnyTensor } from '../../../tensor';
import type { FusedKernel } from '../../backend';
import { addressOf } from '../address';
import type { Engine } from '../engine/engine';
import { ACTIVATIONS, type Activation, type Batches, BLAS_FEW_ROWS, callsBlas, gemm } from '../engine/gemm';
import { batchOffsets } from './matmul';

/** The leading axes of a tensor as rows: one matrix where the strides allow it, else several of `count` rows each. */
interface Rows {
  readonly count: number;
  readonly rowStride: number;
  readonly colStride: number;
  /** Offset of each matrix in elements. */
  readonly offsets: readonly number[];
}

// Elements of a weight that is worth a copy.
const FEW_WEIGHTS = 1 << 16;

/** `activation(x [..., I] · weight [O, I]ᵀ + bias [O])`. Saves what backward needs of the value before the activation. */
export const linear = (engine: Engine): FusedKernel<FusedRows['linear'], number> => ({
  forward([x, weight, bias], _out, { activation }, save) {
    const [O, I] = weight.shape;
    const rows = rowsOf(x);
    const M = rows.count * rows.offsets.length;
    const c = engine.alloc(M * O * 4);
    const pre = save !== null && activation !== 'none' ? engine.alloc(M * O * 4) : 0;
    const start = bias === undefined ? 0 : denseVector(engine, bias);
    gemm(engine, {
      M: rows.count,
      N: O,
      K: I,
      a: { address: addressOf(x), rowStride: rows.rowStride, colStride: rows.colStride },
      b: isFew(engine, rows, weight)
        ? { address: engine.transposed(addressOf(weight), O, I), rowStride: O, colStride: 1 }
        : { address: addressOf(weight), rowStride: weight.strides[1], colStride: weight.strides[0] },
      c,
      bias: start,
      activation,
      pre,
      ...batchesOf(rows, O),
    });
    if (start !== 0 && start !== addressOf(bias)) engine.free(start);
    if (pre !== 0) save?.(pre, M * O);
    return c;
  },

  backward(g, { inputs: [x, weight, bias], saved, attrs, needs }) {
    const [O, I] = weight.shape;
    const rows = rowsOf(x);
    const M = rows.count * rows.offsets.length;
    // The gradient before the activation, dense: g itself where it is that already.
    const plain = attrs.activation === 'none' && g.contiguous;
    const dPre = plain ? addressOf(g) : preGradient(engine, g, M, O, attrs.activation, saved[0] ?? 0);
    const dX = needs[0] ? engine.alloc(M * I * 4) : null;
    if (dX !== null) {
      const b = { address: addressOf(weight), rowStride: weight.strides[0], colStride: weight.strides[1] };
      gemm(engine, { M, N: I, K: O, a: { address: dPre, rowStride: O, colStride: 1 }, b, c: dX });
    }
    const dW = needs[1] ? engine.alloc(O * I * 4) : null;
    if (dW !== null) {
      rows.offsets.forEach((offset, i) => {
        const a = { address: dPre + i * rows.count * O * 4, rowStride: 1, colStride: O };
        const b = { address: addressOf(x) + offset * 4, rowStride: rows.rowStride, colStride: rows.colStride };
        gemm(engine, { M: O, N: I, K: rows.count, a, b, c: dW, accumulate: i > 0 });
      });
      if (rows.offsets.length === 0) engine.f32.fill(0, dW / 4, dW / 4 + O * I);
    }
    const dB = bias !== undefined && needs[2] ? engine.alloc(O * 4) : null;
    if (dB !== null) columnSums(engine, dPre, dB, M, O);
    if (!plain) engine.free(dPre);
    return bias === undefined ? [dX, dW] : [dX, dW, dB];
  },
});

// Whether a weight's transpose is kept for so few rows. It follows from shapes and strides alone, as all of a product's plan.
function isFew(engine: Engine, { count, offsets }: Rows, weight: AnyTensor): boolean {
  if (!engine.hasBlas || count > BLAS_FEW_ROWS || offsets.length !== 1 || weight.size > FEW_WEIGHTS) return false;
  const [O, I] = weight.shape;
  return weight.contiguous && weight.offset === 0 && callsBlas(count, O, I);
}

/** Sums of the columns of a dense matrix [M, N]. */
export function columnSums(engine: Engine, x: number, out: number, M: number, N: number): void {
  const { slots } = engine;
  slots[0] = x;
  slots[1] = out;
  slots[2] = M;
  slots[3] = N;
  engine.launch('columnSums', Math.ceil(N / 16), (M * N) / 2);
}

// g · activation'(pre), or a dense copy of g, [M, O].
function preGradient(engine: Engine, g: AnyTensor, M: number, O: number, activation: Activation, pre: number): number {
  const out = engine.alloc(M * O * 4);
  const rows = rowsOf(g);
  rows.offsets.forEach((offset, i) => {
    const { slots } = engine;
    slots[0] = addressOf(g) + offset * 4;
    slots[1] = pre === 0 ? 0 : pre + i * rows.count * O * 4;
    slots[2] = out + i * rows.count * O * 4;
    slots[3] = rows.count;
    slots[4] = O;
    slots[5] = rows.rowStride * 4;
    slots[6] = rows.colStride * 4;
    slots[7] = ACTIVATIONS.indexOf(activation);
    engine.launch('activationGrad', rows.count, rows.count * O * 4);
  });
  return out;
}

function rowsOf(t: AnyTensor): Rows {
  const last = t.shape.length - 1;
  const colStride = t.strides[last];
  let count = 1;
  let rowStride = t.shape[last];
  let axis = last - 1;
  for (; axis >= 0; axis--) {
    const size = t.shape[axis];
    if (size === 1) continue;
    if (count === 1) rowStride = t.strides[axis];
    else if (t.strides[axis] !== rowStride * count) break;
    count *= size;
  }
  return { count, rowStride, colStride, offsets: axis < 0 ? [0] : batchOffsets(t, last - axis) };
}

function batchesOf(rows: Rows, columns: number): { batches?: Batches } {
  if (rows.offsets.length === 1) return {};
  const count = rows.offsets.length;
  const c = rows.offsets.map((_, i) => i * rows.count * columns);
  return { batches: { count, a: rows.offsets, b: new Uint8Array(count), c } };
}

// A bias is read 8 floats at a time, so it has to be dense.
function denseVector(engine: Engine, t: AnyTensor): number {
  const address = addressOf(t);
  const stride = t.strides[0];
  if (stride === 1 || t.size === 1) return address;
  const copy = engine.alloc(t.size * 4);
  const { f32 } = engine;
  for (let i = 0; i < t.size; i++) f32[copy / 4 + i] = f32[address / 4 + i * stride];
  return copy;
}
