// Reads the PyTorch fixtures that tools/oracle writes, and compares with them. No case is named here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type DType, init, type Tensor, tensor } from '../../src/index';
import { expectClose } from '../support/compare';

/** A tensor as the fixtures hold it. */
export interface Values {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly number[];
}

export interface Case<Config> {
  readonly name: string;
  readonly config: Config;
  readonly inputs: Readonly<Record<string, Values>>;
  readonly params: Readonly<Record<string, Values>>;
  /** What the output is multiplied with before it is summed to the loss; absent where it is the loss. */
  readonly upstream?: Values;
  readonly outputs: Readonly<Record<string, Values>>;
  readonly grads: Readonly<Record<string, Values>>;
}

// What JSON has no number for.
const NOT_FINITE = new Map([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((x) => [String(x), x]));

/** The cases of a fixture file; fails where PyTorch's version isn't in it. */
export function casesOf<T = Case<Record<string, unknown>>>(file: string): readonly T[] {
  const text = readFileSync(join(import.meta.dirname, '../fixtures', `${file}.json`), 'utf8');
  const { generator, cases } = JSON.parse(text, (_, value) => NOT_FINITE.get(value) ?? value);
  expect(generator).toMatchObject({ torch: expect.stringMatching(/^\d/), dtype: 'float64' });
  return cases;
}

/** The function of a case: what its name says before a colon. */
export function functionOf(name: string): string {
  return name.split(':')[0];
}

/** Tests that no case and no function is left over. */
export function testCoverage(
  cases: readonly { readonly name: string }[],
  functions: Readonly<Record<string, unknown>>,
): void {
  test('every case has a function, and every function a case', () => {
    expect([...new Set(cases.map((c) => functionOf(c.name)))].sort()).toEqual(Object.keys(functions).sort());
  });
}

/** Tests on the reference and on wasm. */
export function onBothBackends(tests: () => void): void {
  describe.each(['reference', 'wasm'] as const)('%s', (backend) => {
    beforeAll(async () => {
      expect((await init({ backend })).backend).toBe(backend);
    });

    tests();
  });
}

/** A leaf that gathers its gradient. */
export function leaf({ shape, data }: Values): Tensor {
  return tensor(new Float32Array(data), { shape, requiresGrad: true });
}

/** A tensor that needs no gradient, whatever its dtype. */
export function constant<D extends DType>(values: Values, dtype: D): Tensor<D> {
  return tensor<D>(new Float64Array(values.data), { shape: values.shape, dtype });
}

/** Fails where shape or values differ from PyTorch's. */
export async function expectTensor(actual: Tensor | null, expected: Values, what: string): Promise<void> {
  if (actual === null) throw new Error(`${what}: there is no tensor to compare`);
  expect(actual.shape, what).toEqual(expected.shape);
  expectClose(await actual.data(), expected.data, 1e-5, what);
}
