// Reads the fixtures that tools/oracle writes, and compares with them. No case is named here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AnyTensor, type DType, type Tensor, tensor } from '@heddle/tensor';
import type { Module } from '@heddle/tensor/nn';
import { expect } from 'vitest';

/** A tensor as the fixtures hold it. */
export interface Values {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly number[];
  /** Size that errors are measured by, where it isn't that of `data` itself. */
  readonly rms?: number;
}

/** One case: a module's settings, its inputs, and what came out. */
export interface Case<Config> {
  readonly name: string;
  readonly config: Config;
  readonly inputs: Readonly<Record<string, Values>>;
  readonly params: Readonly<Record<string, Values>>;
  /** What the output is multiplied with before it is summed to the loss. */
  readonly upstream: Values;
  readonly outputs: Readonly<Record<string, Values>>;
  readonly grads: Readonly<Record<string, Values>>;
}

/** The cases of a fixture file. */
export function casesOf<Config>(file: string): readonly Case<Config>[] {
  const text = readFileSync(join(import.meta.dirname, '../fixtures', `${file}.json`), 'utf8');
  return JSON.parse(text).cases;
}

/** A tensor out of a fixture; floats gather gradients. */
export function read({ shape, data, dtype }: Values): AnyTensor {
  return tensor(new Float64Array(data), { shape, dtype, requiresGrad: dtype === 'float32' });
}

/** A float tensor out of a fixture. */
export function readFloats({ shape, data }: Values): Tensor {
  return tensor(new Float32Array(data), { shape, requiresGrad: true });
}

/** Fails where shape or values differ: |a − b| ≤ tolerance · (|b| + rms(b)). */
export async function expectClose(
  actual: Tensor | null | undefined,
  expected: Values,
  what: string,
  tolerance = 1e-5,
): Promise<void> {
  if (actual === null || actual === undefined) throw new Error(`${what}: there is no tensor to compare`);
  expect(actual.shape, what).toEqual(expected.shape);
  expectNumbers(await actual.data(), expected.data, what, tolerance, expected.rms);
}

/** The same for plain numbers. */
export function expectNumbers(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  tolerance = 1e-5,
  rms = rootMeanSquare(expected),
): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  let worst = 0;
  let at = 0;
  for (let i = 0; i < expected.length; i++) {
    const excess = Math.abs(actual[i] - expected[i]) / (tolerance * (Math.abs(expected[i]) + rms) + 1e-12);
    if (excess <= worst) continue;
    worst = excess;
    at = i;
  }
  expect(worst <= 1, `${what}: ${actual[at]} instead of ${expected[at]} at ${at}, ${worst} × the tolerance`).toBe(true);
}

function rootMeanSquare(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i] ** 2;
  return Math.sqrt(squares / Math.max(values.length, 1));
}

/**
 * PyTorch's names to ours: `in_proj_weight` holds three projections one below the other, everything else is called the
 * same. Their errors are measured by all three: the gradient of the keys' bias is zero but for rounding, as softmax
 * doesn't see what all keys share.
 */
export function unpacked(values: Readonly<Record<string, Values>>): Map<string, Values> {
  const found = new Map<string, Values>();
  for (const [name, value] of Object.entries(values)) {
    const packed = /^(.*)in_proj_(weight|bias)$/.exec(name);
    if (packed === null) {
      found.set(name, value);
      continue;
    }
    const rows = value.shape[0] / 3;
    const size = value.data.length / 3;
    const rms = rootMeanSquare(value.data);
    ['q', 'k', 'v'].forEach((letter, i) => {
      const shape = [rows, ...value.shape.slice(1)];
      const data = value.data.slice(i * size, (i + 1) * size);
      found.set(`${packed[1]}${letter}_proj.${packed[2]}`, { shape, dtype: 'float32', data, rms });
    });
  }
  return found;
}

/** Loads a case's parameters, runs it, and holds output, loss and every gradient against PyTorch's. */
export async function expectParity<Config>(
  fixture: Case<Config>,
  module: Module,
  run: (inputs: Readonly<Record<string, AnyTensor>>) => Tensor,
): Promise<void> {
  const params = unpacked(fixture.params);
  module.loadStateDict(new Map([...params].map(([name, values]) => [name, readFloats(values).detach()])));
  const inputs = Object.fromEntries(Object.entries(fixture.inputs).map(([name, values]) => [name, read(values)]));
  const out = run(inputs);
  await expectClose(out, fixture.outputs['out'], `${fixture.name}: out`);
  const loss = out.mul(readFloats(fixture.upstream).detach()).sum();
  await expectClose(loss, fixture.outputs['loss'], `${fixture.name}: loss`);
  loss.backward();
  const own = module.namedParameters();
  const named = unpacked(fixture.grads);
  for (const name of own.keys()) expect(named.has(name), `a gradient of ${name} in the fixture`).toBe(true);
  for (const [name, values] of named)
    await expectClose(own.get(name)?.grad ?? inputs[name]?.grad, values, `${fixture.name}: gradient of ${name}`);
}
