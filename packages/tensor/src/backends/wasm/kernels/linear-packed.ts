// The rows of linearInt8, linearHalf and widenHalf: few rows of x meet the packed weights where they lie; for more, a slice
// of the weights at a time becomes floats in a buffer that the cache holds, and the product is the one of floats.
import { ELEMENTS_PER_WORD, type PackedFormat } from '../../../fused/packed';
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

/** Inputs of the two products, which differ in the scales. */
type PackedInputs = readonly [
  x: AnyTensor,
  words: AnyTensor,
  scales: AnyTensor | undefined,
  bias?: AnyTensor | undefined,
];

/** `x [..., I] · (scales · integers)ᵀ + bias`. */
export const linearInt8 = (engine: Engine): FusedKernel<FusedRows['linearInt8'], number> => ({
  forward: ([x, words, scales, bias]) => product(engine, 'int8', [x, words, scales, bias]),

  backward(g, { inputs: [x, words, scales, bias], needs }) {
    const { dX, dB } = gradients(engine, 'int8', g, [x, words, scales, bias], [needs[0], needs[3]]);
    const dScales = needs[2] ? scaleGradient(engine, x, words, g) : null;
    return bias === undefined ? [dX, null, dScales] : [dX, null, dScales, dB];
  },
});

/** `x [..., I] · weightsᵀ + bias`, of weights of 16 bits. */
export const linearHalf = (engine: Engine): FusedKernel<FusedRows['linearHalf'], number> => ({
  forward: ([x, words, bias], _, { format }) => product(engine, format, [x, words, undefined, bias]),

  backward(g, { inputs: [x, words, bias], needs, attrs: { format } }) {
    const { dX, dB } = gradients(engine, format, g, [x, words, undefined, bias], [needs[0], needs[2]]);
    return bias === undefined ? [dX, null] : [dX, null, dB];
  },
});

/** Words as floats, `[…, count]`. */
export const widenHalf = (engine: Engine): FusedKernel<FusedRows['widenHalf'], number> => ({
  forward([words], _, { format, count }) {
    const perRow = words.shape[words.rank - 1];
    const rows = perRow === 0 ? 0 : words.size / perRow;
    const out = engine.alloc(rows * count * 4);
    const weights = weightsOf(engine, format, words, undefined);
    widen(engine, weights, 0, rows, count, out);
    release(engine, words, weights.words);
    return out;
  },

  backward: () => [null],
});

function product(engine: Engine, format: PackedFormat, [x, words, scales, bias]: PackedInputs): number {
  const [O, I] = [words.shape[0], x.shape[x.rank - 1]];
  const M = I === 0 ? x.shape.slice(0, -1).reduce((a, b) => a * b, 1) : x.size / I;
  const c = engine.alloc(M * O * 4);
  const [atX, start] = [denseAddress(engine, x), denseOr0(engine, bias)];
  const weights = weightsOf(engine, format, words, scales);
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
}

/** Gradients of x and of the bias, where they are wanted. */
function gradients(
  engine: Engine,
  format: PackedFormat,
  g: AnyTensor,
  [x, words, scales, bias]: PackedInputs,
  [wantsX, wantsBias]: readonly [boolean, boolean | undefined],
): { readonly dX: number | null; readonly dB: number | null } {
  const [O, I] = [words.shape[0], x.shape[x.rank - 1]];
  const M = O === 0 ? 0 : g.size / O;
  const atG = denseAddress(engine, g);
  const dX = wantsX ? engine.alloc(x.size * 4) : null;
  if (dX !== null) {
    engine.f32.fill(0, dX / 4, dX / 4 + x.size);
    const weights = weightsOf(engine, format, words, scales);
    slices(engine, weights, O, I, (address, first, count) => {
      const a = { address: atG + first * 4, rowStride: O, colStride: 1 };
      const b = { address, rowStride: I, colStride: 1 };
      gemm(engine, { M, N: I, K: count, a, b, c: dX, accumulate: true });
    });
    releaseWeights(engine, words, scales, weights);
  }
  const dB = bias !== undefined && wantsBias ? engine.alloc(O * 4) : null;
  if (dB !== null) columnSums(engine, atG, dB, M, O);
  release(engine, g, atG);
  return { dX, dB };
}

/** Packed weights and where they lie; scales are 0 where there are none. */
interface Weights {
  readonly format: PackedFormat;
  readonly words: number;
  readonly scales: number;
}

function weightsOf(engine: Engine, format: PackedFormat, words: AnyTensor, scales: AnyTensor | undefined): Weights {
  return { format, words: denseAddress(engine, words), scales: denseOr0(engine, scales) };
}

function releaseWeights(engine: Engine, words: AnyTensor, scales: AnyTensor | undefined, at: Weights): void {
  release(engine, words, at.words);
  if (scales !== undefined) release(engine, scales, at.scales);
}

function denseOr0(engine: Engine, t: AnyTensor | undefined): number {
  return t === undefined ? 0 : denseAddress(engine, t);
}

// Σm g[m, o] · (x · integersᵀ)[m, o]: on this thread alone, since nobody trains scales but in tests and experiments.
function scaleGradient(engine: Engine, x: AnyTensor, words: AnyTensor, g: AnyTensor): number {
  const [O, I] = [words.shape[0], x.shape[x.rank - 1]];
  const M = O === 0 ? 0 : g.size / O;
  const atG = denseAddress(engine, g);
  const sums = engine.alloc(O * 4);
  const ones = engine.alloc(O * 4);
  const product = engine.alloc(M * O * 4);
  const [atX, atWords] = [denseAddress(engine, x), denseAddress(engine, words)];
  engine.f32.fill(1, ones / 4, ones / 4 + O);
  slices(engine, { format: 'int8', words: atWords, scales: ones }, O, I, (address, first, count) => {
    const a = { address: atX, rowStride: I, colStride: 1 };
    const b = { address, rowStride: 1, colStride: I };
    gemm(engine, { M, N: count, K: I, a, b, c: product + first * 4, rowStride: O });
  });
  const { f32 } = engine;
  for (let o = 0; o < O; o++) {
    let sum = 0;
    for (let i = o; i < M * O; i += O) sum += f32[atG / 4 + i] * f32[product / 4 + i];
    f32[sums / 4 + o] = sum;
  }
  release(engine, g, atG);
  release(engine, words, atWords);
  release(engine, x, atX);
  engine.free(product);
  engine.free(ones);
  return sums;
}

// Bytes of a row of weights: whole words.
const rowBytes = (format: PackedFormat, I: number): number => Math.ceil(I / ELEMENTS_PER_WORD[format]) * 4;

function dots(engine: Engine, x: number, w: Weights, bias: number, c: number, M: number, O: number, I: number): void {
  const { slots } = engine;
  const table = 40;
  slots[0] = engine.argsAddress + table * 4;
  slots[1] = M;
  slots[2] = O;
  slots[3] = I;
  slots[4] = I * 4;
  slots[5] = rowBytes(w.format, I);
  slots[7] = O * 4;
  slots[9] = DOT_COLUMNS;
  for (let i = 12; i < 15; i++) slots[i] = 0;
  slots[15] = bias;
  slots[16] = w.scales;
  slots[table] = x;
  slots[table + 1] = w.words;
  slots[table + 2] = c;
  if (M > 0) engine.launch(`${w.format}Dots`, Math.ceil(O / DOT_COLUMNS), (M * O * I) / 4);
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
    widen(engine, w, first, count, I, buffer);
    use(buffer, first, count);
  }
  engine.free(buffer);
}

// `count` rows of weights from row `first` on, as floats [count, I] at `to`.
function widen(engine: Engine, w: Weights, first: number, count: number, I: number, to: number): void {
  const { slots } = engine;
  slots[0] = w.words + first * rowBytes(w.format, I);
  slots[1] = rowBytes(w.format, I);
  slots[2] = I;
  slots[3] = w.scales === 0 ? 0 : w.scales + first * 4;
  slots[4] = to;
  engine.launch(`${w.format}Rows`, count, count * I);
}
