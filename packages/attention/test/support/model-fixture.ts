// Reads a model's fixture (see tools/oracle/models_oracle.py) and compares a model of ours with it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { noGrad, type Tensor } from '@heddle/tensor';
import type { Module } from '@heddle/tensor/nn';
import { expect } from 'vitest';
import { expectNumbers } from './fixture';

/** Numbers as the fixtures hold them. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Greedy and beam search from a prompt. */
export interface Generated {
  readonly prompt: readonly number[];
  readonly greedy: readonly number[];
  readonly beams: readonly (readonly number[])[];
  readonly beamScores: readonly number[];
}

/** What transformers made of a model's inputs. Which lists there are depends on the kind of model. */
export interface Expected {
  readonly loss: number;
  readonly inputs: Readonly<Record<string, Numbers>>;
  readonly logits: Numbers;
  readonly [list: string]: unknown;
}

/** The folder of a fixture. */
export const folderOf = (name: string): string => join(import.meta.dirname, '../fixtures/models', name);

/** A fixture's expected.json. */
export function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(join(folderOf(name), 'expected.json'), 'utf8'));
}

/** A fixture's folder in memory, with the gradients in place of the weights. */
export function gradientFiles(name: string): Map<string, Uint8Array> {
  return new Map([
    ['config.json', readFileSync(join(folderOf(name), 'config.json'))],
    ['model.safetensors', readFileSync(join(folderOf(name), 'grads.safetensors'))],
  ]);
}

/** A batch out of a fixture's inputs. */
export function batchOf({ ids, mask, typeIds }: Readonly<Record<string, Numbers>>) {
  return {
    ids: Int32Array.from(ids.data),
    mask: Int32Array.from(mask.data),
    ...(typeIds === undefined ? {} : { typeIds: Int32Array.from(typeIds.data) }),
    shape: [ids.shape[0], ids.shape[1]] as const,
  };
}

/** Holds rows of `[B, T, D]` against the fixture where the mask says that a token is real. */
export async function expectRows(
  actual: Tensor,
  expected: Numbers,
  mask: Numbers | undefined,
  what: string,
): Promise<void> {
  expect(actual.shape, what).toEqual(expected.shape);
  const [, , D] = expected.shape;
  const real = (_: number, i: number): boolean => mask === undefined || mask.data[Math.floor(i / D)] !== 0;
  const data = Array.from(await actual.data());
  expectNumbers(data.filter(real), expected.data.filter(real), what, 1e-5);
}

/** Holds attention weights, `[B, H, T, S]`, against the fixture where the mask says that the query is real. */
export async function expectAttention(
  actual: Tensor,
  expected: Numbers,
  mask: Numbers | undefined,
  what: string,
): Promise<void> {
  expect(actual.shape, what).toEqual(expected.shape);
  const [, H, T, S] = expected.shape;
  const real = (_: number, i: number): boolean => {
    const [row, query] = [Math.floor(i / (H * T * S)), Math.floor(i / S) % T];
    return mask === undefined || mask.data[row * T + query] !== 0;
  };
  const data = Array.from(await actual.data());
  expectNumbers(data.filter(real), expected.data.filter(real), what, 1e-5);
}

/** Holds each parameter's gradient against transformers': they are loaded like weights, into a model of their own. */
export async function expectGradients(model: Module, gradients: Module): Promise<void> {
  const expected = gradients.namedParameters();
  const own = model.namedParameters();
  expect([...own.keys()]).toEqual([...expected.keys()]);
  // Some are zero but for rounding (a key's bias): errors are measured by the model's gradients as a whole.
  let squares = 0;
  let count = 0;
  const values = new Map<string, Float32Array>();
  for (const [name, p] of expected) {
    const data = await p.data();
    values.set(name, data);
    for (const x of data) squares += x * x;
    count += data.length;
  }
  const overall = Math.sqrt(squares / count);
  for (const [name, data] of values) {
    const p = own.get(name);
    const found = p?.grad ? await p.grad.data() : new Float32Array(data.length);
    const rms = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);
    expectNumbers(found, Array.from(data), `gradient of ${name}`, 1e-5, Math.max(rms, overall));
  }
}

/** The values of a tensor that no graph is wanted for. */
export async function valuesOf(make: () => Tensor): Promise<Float32Array> {
  const t = noGrad(make);
  try {
    return await t.data();
  } finally {
    t.dispose();
  }
}

/** Names of the fixtures there are. */
export const fixtureNames = (): readonly string[] => readdirSync(join(import.meta.dirname, '../fixtures/models'));
