// Matrix products against float64, in every variant: shapes off every tile, strides, batches, special values.
import { afterAll, describe, expect, test } from 'vitest';
import { Engine, type EngineOptions } from '../../src/backends/wasm/engine/engine';
import { hasRelaxedSimd } from '../../src/backends/wasm/engine/features';
import { gemm, type Product } from '../../src/backends/wasm/engine/gemm';

type Layout = 'rows' | 'columns' | 'spread' | 'oneRow' | 'oneColumn';

interface Case {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly a?: Layout;
  readonly b?: Layout;
  readonly bias?: boolean;
  readonly accumulate?: boolean;
  readonly batches?: number;
  /** All batches share one B. */
  readonly shared?: boolean;
}

const layouts: readonly Layout[] = ['rows', 'columns', 'spread', 'oneRow', 'oneColumn'];
const sizes = [
  [1, 1, 1],
  [1, 64, 64],
  [3, 33, 70],
  [4, 8, 9],
  [7, 9, 5],
  [8, 40, 31],
  [13, 17, 600],
  [33, 8, 16],
  [48, 65, 31],
  [50, 130, 64],
  [97, 70, 1030],
  [150, 90, 64],
  [40, 333, 50],
] as const;
const cases: Case[] = sizes.flatMap(([M, N, K]) =>
  layouts.flatMap((a) =>
    layouts.flatMap((b) => [
      { M, N, K, a, b },
      { M, N, K, a, b, bias: true },
    ]),
  ),
);
for (const [M, N, K] of sizes) cases.push({ M, N, K, accumulate: true }, { M, N, K, b: 'columns', batches: 3 });
for (const shared of [true, false])
  cases.push({ M: 40, N: 24, K: 16, batches: 5, shared }, { M: 5, N: 24, K: 16, batches: 5, shared });
cases.push({ M: 300, N: 1100, K: 40 }, { M: 0, N: 3, K: 4 }, { M: 3, N: 0, K: 4 }, { M: 40, N: 9, K: 0, bias: true });
// Dot products of more rows, since the columns are long.
cases.push({ M: 31, N: 41, K: 513, b: 'columns' }, { M: 31, N: 41, K: 513, b: 'columns', bias: true });
cases.push(
  { M: 101, N: 70, K: 2051, b: 'columns' },
  { M: 30, N: 33, K: 600, b: 'columns', batches: 2, accumulate: true },
);
// A matrix that is streamed from memory.
cases.push({ M: 1, N: 701, K: 801, b: 'columns' }, { M: 1, N: 701, K: 801, b: 'columns', bias: true });
cases.push({ M: 1, N: 1030, K: 512, b: 'columns', accumulate: true, batches: 2 });
cases.push({ M: 3, N: 9, K: 0 }, { M: 20, N: 9, K: 0 }, { M: 2, N: 3, K: 4, batches: 0 });

const levels = hasRelaxedSimd() ? (['plain', 'relaxed'] as const) : (['plain'] as const);
const variants: EngineOptions[] = levels.flatMap((simd) => [
  { simd, shared: false, threads: 1, blas: 'off' },
  { simd, shared: true, threads: 2, blas: 'off' },
]);
// Where the machine has a BLAS, the same products through it.
const probe = await Engine.create({ threads: 1 });
if (probe.hasBlas) variants.push({ blas: 'auto', shared: false, threads: 1 }, { blas: 'auto', threads: 2 });

let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return seed / 2 ** 31;
}

/** Writes random numbers into a new buffer, all of it: what lies between strided elements must not matter. */
function filled(engine: Engine, elements: number): number {
  const address = engine.alloc(elements * 4);
  for (let i = 0; i < elements; i++) engine.f32[address / 4 + i] = random();
  return address;
}

function strides(layout: Layout, rows: number, columns: number): { rowStride: number; colStride: number } {
  if (layout === 'rows') return { rowStride: columns, colStride: 1 };
  if (layout === 'columns') return { rowStride: 1, colStride: rows };
  // Stretched from one row, or from one column.
  if (layout === 'oneRow') return { rowStride: 0, colStride: 1 };
  if (layout === 'oneColumn') return { rowStride: 1, colStride: 0 };
  return { rowStride: 3 * columns + 2, colStride: 3 };
}

function run(engine: Engine, c: Case): { got: Float32Array; want: Float64Array; scale: number } {
  const { M, N, K } = c;
  const count = c.batches ?? 1;
  const sa = strides(c.a ?? 'rows', M, K);
  const sb = strides(c.b ?? 'rows', K, N);
  const spanA = M * sa.rowStride + K * sa.colStride + 1;
  const spanB = K * sb.rowStride + N * sb.colStride + 1;
  const a = { address: filled(engine, spanA * Math.max(1, count)), ...sa };
  const b = { address: filled(engine, spanB * Math.max(1, count)), ...sb };
  const bias = c.bias ? filled(engine, N) : 0;
  const out = filled(engine, M * N * count);
  const at = { a: a.address / 4, b: b.address / 4, bias: bias / 4, out: out / 4 };
  const indices = Array.from({ length: count }, (_, i) => i);
  const batches = {
    count,
    a: indices.map((i) => i * spanA),
    b: indices.map((i) => (c.shared ? 0 : i * spanB)),
    c: indices.map((i) => i * M * N),
  };
  const want = new Float64Array(count * M * N);
  let scale = 0;
  const memory = engine.f32;
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < M; i++) {
      for (let j = 0; j < N; j++) {
        let sum = bias === 0 ? 0 : memory[at.bias + j];
        if (c.accumulate) sum += memory[at.out + n * M * N + i * N + j];
        // What rounding goes with: the terms, which may cancel where B is one row over and over.
        scale += sum * sum;
        for (let k = 0; k < K; k++) {
          const term =
            memory[at.a + batches.a[n] + i * sa.rowStride + k * sa.colStride] *
            memory[at.b + batches.b[n] + k * sb.rowStride + j * sb.colStride];
          sum += term;
          scale += term * term;
        }
        want[n * M * N + i * N + j] = sum;
      }
    }
  }
  const product: Product = { M, N, K, a, b, c: out, bias, accumulate: c.accumulate ?? false, batches };
  gemm(engine, product);
  const got = engine.f32.slice(out / 4, out / 4 + count * M * N);
  for (const address of [a.address, b.address, out, ...(bias === 0 ? [] : [bias])]) engine.free(address);
  return { got, want, scale: Math.sqrt(scale / Math.max(1, want.length)) };
}

describe.each(variants)('%o', (options) => {
  const ready = Engine.create(options);
  afterAll(async () => (await ready).dispose());

  test('agrees with float64', async () => {
    const engine = await ready;
    const live = engine.liveBuffers;
    for (const c of cases) {
      const { got, want, scale } = run(engine, c);
      want.forEach((value, i) => {
        if (Math.abs(got[i] - value) > 1e-5 * (Math.abs(value) + scale)) {
          throw new Error(`${JSON.stringify(c)} element ${i}: ${got[i]} for ${value}`);
        }
      });
    }
    expect(engine.liveBuffers).toBe(live);
  });

  test.each([2, 20, 60])('carries NaN and Inf with %i rows', async (M) => {
    const engine = await ready;
    const [N, K] = [19, 23];
    for (const special of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const a = filled(engine, M * K);
      const b = filled(engine, K * N);
      const c = filled(engine, M * N);
      engine.f32[a / 4 + K + 3] = special; // row 1 of A
      engine.f32.subarray(b / 4, b / 4 + K * N).fill(1);
      const address = { a: { address: a, rowStride: K, colStride: 1 }, b: { address: b, rowStride: N, colStride: 1 } };
      gemm(engine, { M, N, K, ...address, c });
      for (let i = 0; i < M * N; i++) {
        const value = engine.f32[c / 4 + i];
        if (Math.floor(i / N) === 1) expect(value).toBe(special);
        else expect(Number.isFinite(value)).toBe(true);
      }
      for (const x of [a, b, c]) engine.free(x);
    }
  });
});

const settings = [...levels.map((simd) => ({ simd, blas: 'off' })), ...(probe.hasBlas ? [{ blas: 'auto' }] : [])];

test.each(settings)('the same bytes on 1, 2 and 4 threads: %o', async (options) => {
  const results: Uint8Array[][] = [];
  for (const threads of [1, 2, 4]) {
    const engine = await Engine.create({ ...options, threads });
    seed = 7;
    const tall = run(engine, { M: 131, N: 233, K: 600, a: 'columns', bias: true });
    const flat = run(engine, { M: 3, N: 2000, K: 300, b: 'columns' });
    const many = run(engine, { M: 33, N: 65, K: 70, batches: 20 });
    results.push([tall, flat, many].map(({ got }) => new Uint8Array(got.buffer)));
    await engine.dispose();
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test('above two gigabytes, where addresses have the highest bit', async () => {
  const engine = await Engine.create({ threads: 1, blas: 'off' });
  const low = engine.alloc(2 ** 31 + 2 ** 20); // reserved, never touched
  for (const c of [
    { M: 50, N: 40, K: 30, a: 'columns', b: 'columns', bias: true },
    { M: 4, N: 40, K: 30, b: 'columns' },
  ] as const) {
    const { got, want, scale } = run(engine, c);
    want.forEach((value, i) => {
      expect(Math.abs(got[i] - value)).toBeLessThanOrEqual(1e-5 * (Math.abs(value) + scale));
    });
  }
  engine.free(low);
});
