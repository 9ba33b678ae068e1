// Reads a model's fixture (see tools/oracle/models_oracle.py) and compares a model of ours with it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crossEntropy, noGrad, type Tensor, tensor } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import type { Module } from '@heddle/tensor/nn';
import { expect, it } from 'vitest';
import type { Inspection } from '../../src/index';
import { expectClose, expectNumbers } from './fixture';

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

/** A model that writes a folder. */
export type Savable = Module & { savePretrained(target: Map<string, Uint8Array>): Promise<void> };

/** Images out of a fixture's inputs. */
export function imagesOf({ pixels }: Readonly<Record<string, Numbers>>): Tensor {
  return tensor(Float32Array.from(pixels.data), { shape: pixels.shape, dtype: 'float32' });
}

/** The loss of an answer's borders, `[B, T, 2]`: the mean of that of its begin and of its end. */
export function spanLoss(logits: Tensor, { data }: Numbers): Tensor {
  const [begin, end] = [0, 1].map((i) => crossEntropy(logits.select(2, i), data.slice(2 * i, 2 * i + 2)));
  return begin.add(end).mul(0.5);
}

/** Loss of guessing each next token, as transformers has it: what stands on padding doesn't count. */
export function nextTokenLoss(logits: Tensor, labels: Numbers): Tensor {
  const [B, T] = labels.shape;
  const targets = Array.from({ length: B }, (_, b) => labels.data.slice(b * T + 1, (b + 1) * T)).flat();
  return crossEntropy(logits.slice([null, [0, T - 1]]), targets);
}

/** Holds logits against the fixture: all of a text's, or those of real tokens. */
export async function expectLogits(logits: Tensor, expected: Expected): Promise<void> {
  if (logits.rank === 3) await expectRows(logits, expected.logits, expected.inputs['mask'], 'logits');
  else await expectClose(logits, { ...expected.logits, dtype: 'float32' }, 'logits');
}

/** Holds hidden states and attention against the fixture's lists, where the mask says that a token is real. */
export async function expectInside(
  inspect: Inspection,
  states: unknown,
  attentions: unknown,
  mask: Numbers | undefined,
): Promise<void> {
  expect(inspect.hiddenStates).toHaveLength((states as Numbers[]).length);
  for (const [i, state] of (states as Numbers[]).entries())
    await expectRows(inspect.hiddenStates[i], state, mask, `hidden state ${i}`);
  expect(inspect.attentions).toHaveLength((attentions as Numbers[]).length);
  for (const [i, weights] of (attentions as Numbers[]).entries())
    await expectAttention(inspect.attentions[i], weights, mask, `attention ${i}`);
}

/** Two tests of every model: its loss and all gradients are those of transformers, and it comes back from its own folder. */
export function itLearnsAndComesBack<M extends Savable>(
  name: string,
  model: () => M,
  load: (source: Source) => Promise<M>,
  lossOf: (model: M) => Tensor,
): void {
  it('gives the same loss and gradients', async () => {
    const gradients = await load(gradientFiles(name));
    const loss = lossOf(model());
    expect(await loss.item()).toBeCloseTo(expectedOf(name).loss, 4);
    loss.backward();
    await expectGradients(model(), gradients);
    for (const p of model().parameters()) p.grad = null;
    gradients.dispose();
  });

  it('comes back from its own folder, weight for weight', async () => {
    const files = new Map<string, Uint8Array>();
    await model().savePretrained(files);
    const again = await load(files);
    expect(Reflect.get(again, 'config')).toEqual(Reflect.get(model(), 'config'));
    const state = model().stateDict();
    expect([...again.stateDict().keys()]).toEqual([...state.keys()]);
    for (const [key, t] of again.stateDict()) expect(await t.data(), key).toEqual(await state.get(key)?.data());
    again.dispose();
  });
}
