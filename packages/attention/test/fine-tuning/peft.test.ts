// Adapters that PEFT wrote: the same logits, loss and gradients, merged and beside; and the same files back.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crossEntropy, init, type Tensor, tensor } from '@heddle/tensor';
import { loadSafetensors } from '@heddle/tensor/io';
import { assign } from '@heddle/tensor/nn';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bert, Bloom, Gpt2, GptNeoX, Llama, Lora, PromptTuning } from '../../src/index';
import { expectNumbers } from '../support/fixture';
import { batchOf, expectedOf, folderOf, type Numbers, valuesOf } from '../support/model-fixture';

const adapters = join(import.meta.dirname, '../fixtures/adapters');
const load = {
  llama: Llama.fromPretrained,
  gpt2: Gpt2.fromPretrained,
  bloom: Bloom.fromPretrained,
  'gpt-neox': GptNeoX.fromPretrained,
  bert: Bert.fromPretrained,
} as const;

interface Expected {
  readonly model: keyof typeof load;
  readonly logits: Numbers;
  readonly loss: number;
  readonly grads: Readonly<Record<string, Numbers>>;
}

const expectedFor = (name: string): Expected => JSON.parse(readFileSync(join(adapters, name, 'expected.json'), 'utf8'));
const { ids, mask } = expectedOf('llama').inputs;
const batch = batchOf({ ids, mask });

/** The loss as `transformers` has it: of the next token, or of the label. */
function lossOf(model: keyof typeof load, logits: Tensor): Tensor {
  if (model === 'bert') return crossEntropy(logits, [2, 0]);
  const T = logits.shape[1];
  const next = ids.data.map((_, i) => ((i + 1) % T === 0 || mask.data[i + 1] === 0 ? -100 : ids.data[i + 1]));
  return crossEntropy(logits, next);
}

/** Logits of real tokens against PEFT's, which may have vectors in front. */
function expectLogits(found: Float32Array, { logits: { shape, data } }: Expected, inFront = 0): void {
  if (shape.length === 2) {
    expectNumbers(found, data, 'logits');
    return;
  }
  const [B, T, V] = shape;
  const own = Array.from({ length: B }, (_, row) => data.slice((row * T + inFront) * V, (row + 1) * T * V)).flat();
  const real = (_: number, i: number): boolean => mask.data[Math.floor(i / V)] !== 0;
  expectNumbers(Array.from(found).filter(real), own.filter(real), 'logits');
}

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

const names = readdirSync(adapters);

describe.each(names.filter((name) => !name.endsWith('-prompt')))('%s', (name) => {
  const expected = expectedFor(name);
  const folder = join(adapters, name);

  it('gives the same logits and loss, beside the weights and merged into them', async () => {
    const model = await load[expected.model](folderOf(expected.model));
    const before = await valuesOf(() => model.call(batch));
    const lora = await Lora.load(model, folder);
    expectLogits(await valuesOf(() => model.call(batch)), expected);
    expect(await lossOf(expected.model, model.call(batch)).item()).toBeCloseTo(expected.loss, 5);
    lora.merge();
    expectLogits(await valuesOf(() => model.call(batch)), expected);
    if (lora.saved.length > 0) return; // a head of its own stays
    lora.disable();
    expect(await valuesOf(() => model.call(batch))).toEqual(before);
  });

  it("gives the same gradients of the adapter's weights", async () => {
    const model = await load[expected.model](folderOf(expected.model));
    const lora = await Lora.load(model, folder);
    lossOf(expected.model, model.call(batch)).backward();
    // Written like an adapter, gradients get the names and rows of PEFT.
    for (const p of lora.parameters()) {
      const grad = p.grad;
      if (grad === null) throw new Error('a parameter without gradient');
      const values = await grad.data();
      p.grad = null;
      assign(p, tensor<'float32'>(values, { shape: p.shape, dtype: 'float32' }));
    }
    const files = new Map<string, Uint8Array>();
    await lora.save(files);
    const state = await loadSafetensors(files.get('adapter_model.safetensors')!);
    expect([...state.keys()].sort()).toEqual(Object.keys(expected.grads).sort());
    const squares = Object.values(expected.grads).flatMap(({ data }) => data.map((x) => x * x));
    const overall = Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length);
    for (const [key, { data }] of Object.entries(expected.grads)) {
      const rms = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);
      expectNumbers(await state.get(key)!.data(), data, `gradient of ${key}`, 1e-5, Math.max(rms, overall));
    }
  });

  it('writes the same weights back, and what it writes loads again', async () => {
    const model = await load[expected.model](folderOf(expected.model));
    const lora = await Lora.load(model, folder);
    const files = new Map<string, Uint8Array>();
    await lora.save(files);
    const ours = await loadSafetensors(files.get('adapter_model.safetensors')!);
    const theirs = await loadSafetensors(join(folder, 'adapter_model.safetensors'));
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
    for (const [key, t] of theirs) expect(await ours.get(key)!.data(), key).toEqual(await t.data());
    lora.disable();
    await Lora.load(model, files);
    expectLogits(await valuesOf(() => model.call(batch)), expected);
  });
});

describe.each(names.filter((name) => name.endsWith('-prompt')))('%s', (name) => {
  const expected = expectedFor(name);
  const folder = join(adapters, name);

  it('gives the same logits and gradient, and the same file back', async () => {
    const model = expected.model === 'bert' ? await load.bert(folderOf('bert')) : await load.gpt2(folderOf('gpt2'));
    const plain = await valuesOf(() => model.call(batch));
    const prompt = await PromptTuning.load(model, folder);
    expectLogits(await valuesOf(() => prompt.call(batch)), expected, prompt.embedding.shape[0]);
    if (prompt.saved.length === 0) expect(await valuesOf(() => model.call(batch))).toEqual(plain);
    const all = prompt.call(batch, { withPrompt: true });
    const [virtual] = prompt.embedding.shape;
    const loss =
      expected.model === 'bert'
        ? crossEntropy(all, [2, 0])
        : // The last vector guesses the first token.
          crossEntropy(
            all.slice([null, [virtual - 1, virtual - 1 + 7]]),
            ids.data.map((id, i) => (mask.data[i] === 0 ? -100 : id)),
          );
    expect(await loss.item()).toBeCloseTo(expected.loss, 5);
    loss.backward();
    const [[key, grad]] = Object.entries(expected.grads).filter(([key]) => key.includes('prompt_encoder'));
    expectNumbers(await prompt.embedding.grad!.data(), grad.data, key);
    const files = new Map<string, Uint8Array>();
    await prompt.save(files);
    const config = JSON.parse(new TextDecoder().decode(files.get('adapter_config.json')));
    const theirs = JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8'));
    for (const field of [
      'peft_type',
      'task_type',
      'num_virtual_tokens',
      'token_dim',
      'num_layers',
      'num_attention_heads',
    ])
      expect(config[field], field).toEqual(theirs[field]);
    const again = await PromptTuning.load(model, files);
    expect(await again.embedding.data()).toEqual(await prompt.embedding.data());
  });
});
