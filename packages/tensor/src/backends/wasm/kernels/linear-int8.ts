// The row of linearInt8: few rows of x meet the integers where they lie; for more, a slice of the weights at a time
// becomes floats in a buffer that the cache holds, and the product is the one of floats.
import type { FusedRows } from '../../../registry';
import type { AnyTensor } from '../../../tensor';
import type { FusedKernel } from '../../backend';
import type { Engine } from '../engine/engine';
import { DOT_COLUMNS, DOT_ROWS, gemm } from '../engine/gemm';
import { denseAddress, release } from './layout';
import { columnSums } from './linear';

// Floats in the buffer: 512 kB, and at least so many rows of weights.
const SLICE_FLOATS = 1 << 17;
const MIN_SLICE_ROWS = 64;

/** `x [..., I] · (scales · integers)ᵀ + bias`. */
export const linearInt8 = (engine: Engine): FusedKernel<FusedRows['linearInt8'], number> => ({
  forward([x, words, scales, bias]) {
    const [O, I] = [words.shape[0], x.shape[x.rank - 1]];
    const M = I === 0 ? x.shape.slice(0, -1).reduce((a, b) => a * b, 1) : x.size / I;
    const c = engine.alloc(M * O * 4);
    const [atX, weights, start] = [denseAddress(engine, x), weightsOf(engine, words, scales), denseOr0(engine, bias)];
    if (M <= DOT_ROWS) dots(engine, atX, weights, start, c, M, O, I);
    else {
      const a = { address: atX, rowStride: I, colStride: 1 };
      slices(engine, weights, O, I, (address, first, count) => {
        const b = { address, rowStride: 1, colStride: I };
        const from = start === 0 ? 0 : start + first * 4;
        gemm(engine, { M, N: count, K: I, a, b, c: c + first * 4, rowStride: O, bias: from });
      });
    }
    release(engine, x, atX);
    releaseWeights(engine, words, scales, weights);
    if (bias !== undefined) release(engine, bias, start);
    return c;
  },

  backward(g, { inputs: [x, words, scales, bias], needs }) {
    const [O, I] = [words.shape[0], x.shape[x.rank - 1]];
    const M = O === 0 ? 0 : g.size / O;
    const atG = denseAddress(engine, g);
    const dX = needs[0] ? engine.alloc(x.size * 4) : null;
    if (dX !== null) {
      engine.f32.fill(0, dX / 4, dX / 4 + x.size);
      const weights = weightsOf(engine, words, scales);
      slices(engine, weights, O, I, (address, first, count) => {
        const a = { address: atG + first * 4, rowStride: O, colStride: 1 };
        const b = { address, rowStride: I, colStride: 1 };
        gemm(engine, { M, N: I, K: count, a, b, c: dX, accumulate: true });
      });
      releaseWeights(engine, words, scales, weights);
    }
    const dScales = needs[2] ? scaleGradient(engine, x, words, atG, M) : null;
    const dB = bias !== undefined && needs[3] ? engine.alloc(O * 4) : null;
    if (dB !== null) columnSums(engine, atG, dB, M, O);
    release(engine, g, atG);
    return bias === undefined ? [dX, null, dScales] : [dX, null, dScales, dB];
  },
});

/** Addresses of the integers and of their scales, both dense. */
interface Weights {
  readonly words: number;
  readonly scales: number;
}

function weightsOf(engine: Engine, words: AnyTensor, scales: AnyTensor): Weights {
  return { words: denseAddress(engine, words), scales: denseAddress(engine, scales) };
}

function releaseWeights(engine: Engine, words: AnyTensor, scales: AnyTensor, at: Weights): void {
  release(engine, words, at.words);
  release(engine, scales, at.scales);
}

function denseOr0(engine: Engine, t: AnyTensor | undefined): number {
  return t === undefined ? 0 : denseAddress(engine, t);
}

// Σm g[m, o] · (x · integersᵀ)[m, o]: on this thread alone, since nobody trains scales but in tests and experiments.
function scaleGradient(engine: Engine, x: AnyTensor, words: AnyTensor, g: number, M: number): number {
  const [O, I] = [words.shape[0], x.shape[x.rank - 1]];
  const sums = engine.alloc(O * 4);
  const ones = engine.alloc(O * 4);
  const product = engine.alloc(M * O * 4);
  const [atX, atWords] = [denseAddress(engine, x), denseAddress(engine, words)];
  engine.f32.fill(1, ones / 4, ones / 4 + O);
  slices(engine, { words: atWords, scales: ones }, O, I, (address, first, count) => {
    const a = { address: atX, rowStride: I, colStride: 1 };
    const b = { address, rowStride: 1, colStride: I };
    gemm(engine, { M, N: count, K: I, a, b, c: product + first * 4, rowStride: O });
  });
  const { f32 } = engine;
  for (let o = 0; o < O; o++) {
    let sum = 0;
    for (let i = o; i < M * O; i += O) sum += f32[g / 4 + i] * f32[product / 4 + i];
    f32[sums / 4 + o] = sum;
  }
  release(engine, words, atWords);
  release(engine, x, atX);
  engine.free(product);
  engine.free(ones);
  return sums;
}

// Bytes of a row of integers: whole words.
const rowBytes = (I: number): number => Math.ceil(I / 4) * 4;

function dots(engine: Engine, x: number, w: Weights, bias: number, c: number, M: number, O: number, I: number): void {
  const { slots } = engine;
  const table = 40;
  slots[0] = engine.argsAddress + table * 4;
  slots[1] = M;
  slots[2] = O;
  slots[3] = I;
  slots[4] = I * 4;
  slots[5] = rowBytes(I);
  slots[7] = O * 4;
  slots[9] = DOT_COLUMNS;
  for (let i = 12; i < 15; i++) slots[i] = 0;
  slots[15] = bias;
  slots[16] = w.scales;
  slots[table] = x;
  slots[table + 1] = w.words;
  slots[table + 2] = c;
  if (M > 0) engine.launch('int8Dots', Math.ceil(O / DOT_COLUMNS), (M * O * I) / 4);
}

// Runs `use` on slices of the weights as floats [count, I], from row `first` on.
function slices(
  engine: Engine,
  w: Weights,
  O: number,
  I: number,
  use: (address: number, first: number, count: number) => void,
): void {
  const rows = Math.min(O, Math.max(MIN_SLICE_ROWS, Math.floor(SLICE_FLOATS / Math.max(1, I) / 8) * 8));
  const buffer = engine.alloc(rows * I * 4);
  for (let first = 0; first < O; first += rows) {
    const count = Math.min(rows, O - first);
    const { slots } = engine;
    slots[0] = w.words + first * rowBytes(I);
    slots[1] = rowBytes(I);
    slots[2] = I;
    slots[3] = w.scales + first * 4;
    slots[4] = buffer;
    engine.launch('int8Rows', count, count * I);
    use(buffer, first, count);
  }
  engine.free(buffer);
}
