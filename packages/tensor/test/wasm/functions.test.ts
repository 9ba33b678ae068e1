// Error bounds of the vectorised functions against float64, over their whole range, special values included.
import { afterAll, describe, expect, test } from 'vitest';
import { erf as erf64 } from '../../src/backends/reference/elementwise';
import { log1p } from '../../src/ops/arithmetic';
import { tensor } from '../../src/ops/create';
import type { Tensor } from '../../src/tensor';
import { on } from '../support/backends';
import { levels, wasm } from './against-reference';

interface Bound {
  readonly name: string;
  readonly exact: (x: number) => number;
  readonly range: readonly [number, number];
  /** Units in the last place of the result. */
  readonly ulp: number;
  /** Errors below this don't count, where results cross 0. */
  readonly absolute?: number;
  readonly call: (x: Tensor) => Tensor;
}

const bounds: readonly Bound[] = [
  { name: 'exp', exact: Math.exp, range: [-104, 89], ulp: 2, call: (x) => x.exp() },
  { name: 'log', exact: Math.log, range: [1e-45, 3e38], ulp: 2, call: (x) => x.log() },
  { name: 'log1p', exact: Math.log1p, range: [-0.999999, 1e6], ulp: 3, call: (x) => log1p(x) },
  { name: 'tanh', exact: Math.tanh, range: [-12, 12], ulp: 3, call: (x) => x.tanh() },
  { name: 'erf', exact: erf64, range: [-5, 5], ulp: 3, call: (x) => x.erf() },
  { name: 'sigmoid', exact: (x) => 1 / (1 + Math.exp(-x)), range: [-103, 20], ulp: 3, call: (x) => x.sigmoid() },
  { name: 'sin', exact: Math.sin, range: [-1e4, 1e4], ulp: 2, absolute: 1.2e-7, call: (x) => x.sin() },
  { name: 'cos', exact: Math.cos, range: [-1e4, 1e4], ulp: 2, absolute: 1.2e-7, call: (x) => x.cos() },
  { name: 'pow 1.7', exact: (x) => x ** Math.fround(1.7), range: [1e-20, 1e20], ulp: 2, call: (x) => x.pow(1.7) },
  { name: 'sqrt', exact: Math.sqrt, range: [0, 3e38], ulp: 0.5001, call: (x) => x.sqrt() },
  { name: 'rsqrt', exact: (x) => 1 / Math.sqrt(x), range: [1e-38, 3e38], ulp: 1.5, call: (x) => x.rsqrt() },
];

const specials = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1e-45,
  -1e-45,
  1e-40,
  -1e-40,
  1.17549435e-38,
  3.4e38,
  -3.4e38,
  1e5,
  -1e5,
  88.72283,
  88.7229,
  -87.33655,
  -103.97,
  -104.1,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  1e-8,
  -1e-8,
  1e-4,
  -1e-4,
];

// Points spread evenly, and evenly in the exponent.
function points([low, high]: readonly [number, number]): Float32Array {
  const out: number[] = [...specials];
  const count = 40_000;
  for (let i = 0; i <= count; i++) out.push(low + ((high - low) * i) / count);
  for (let e = -45; e <= 38; e += 0.002) {
    const x = 10 ** e;
    if (x <= high) out.push(x);
    if (-x >= low) out.push(-x);
  }
  return Float32Array.from(out);
}

// The distance between a float32 and the next one.
function unit(x: number): number {
  const a = Math.abs(x);
  return a < 2 ** -126 ? 2 ** -149 : 2 ** (Math.floor(Math.log2(a)) - 23);
}

describe.each(levels)('%s SIMD', (simd) => {
  const ready = wasm(simd);
  afterAll(async () => (await ready).dispose());

  test.each(bounds)('$name within $ulp ulp', async ({ exact, range, ulp, absolute = 0, call }) => {
    const inputs = points(range);
    const results = await on(await ready, () => call(tensor(inputs)).data());
    let worst = 0;
    let at = 0;
    inputs.forEach((x, i) => {
      const want = exact(x);
      const got = results[i];
      const rounded = Math.fround(want);
      if (Object.is(got, rounded)) return;
      if (!Number.isFinite(rounded)) throw new Error(`f(${x}) is ${got} instead of ${rounded}`);
      const error = Math.abs(got - want);
      if (error <= absolute) return;
      const units = error / unit(want);
      if (!(units <= worst)) {
        worst = units;
        at = x;
      }
    });
    expect(worst, `worst at ${at}`).toBeLessThanOrEqual(ulp);
  });
});
