// Adapters that PEFT wrote: the same logits, loss and gradients, merged and beside; and the same files back.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crossEntropy, init, memory, type Tensor, tensor } from '@heddle/tensor';
import { loadSafetensors } from '@heddle/tensor/io';
import { assign } from '@heddle/tensor/nn';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bert, Bloom, DecoderLM, Gpt2, GptNeoX, Llama, Lora, PromptTuning, type TextCodec } from '../../src/index';
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
  /** Of prompts: what was written behind the vectors. */
  readonly generation?: readonly {
    readonly prompt: readonly number[];
    readonly greedy: readonly number[];
    readonly beams?: readonly (readonly number[])[];
    readonly beamScores?: readonly number[];
  }[];
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
    const model = await load[expected.model](folderOf(expected.model));
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

describe.each(['gpt2-prompt', 'llama-prompt'])('%s writes', (name) => {
  const expected = expectedFor(name);
  const cases = expected.generation ?? [];
  const options = { maxNewTokens: 8, eosIds: [] } as const;
  let prompt: PromptTuning;

  beforeAll(async () => {
    const model = await load[expected.model](folderOf(expected.model));
    prompt = await PromptTuning.load(model, join(adapters, name));
  });

  it('what PEFT writes, cached or not, alone or beside others', async () => {
    const prompts = cases.map((each) => each.prompt);
    await prompt.generate(prompts, options); // what a model computes once, such as its waves, is kept
    const { buffers } = memory();
    for (const useCache of [true, false]) {
      const together = await prompt.generate(prompts, { ...options, useCache });
      for (const [i, { greedy }] of cases.entries()) {
        const [alone] = await prompt.generate([prompts[i]], { ...options, useCache });
        expect(alone.ids, `alone, cache: ${useCache}`).toEqual(greedy);
        expect(together[i].ids, `together, cache: ${useCache}`).toEqual(greedy);
      }
    }
    expect(memory().buffers).toBe(buffers);
  });

  it("PEFT's beams, and the same beams without a cache", async () => {
    for (const { prompt: ids, beams, beamScores } of cases) {
      const given = { ...options, beams: 3, returnSequences: 2 };
      const found = await prompt.generate([ids], given);
      expect(
        await prompt.generate([ids], { ...given, useCache: false }).then((rows) => rows.map((row) => row.ids)),
      ).toEqual(found.map((row) => row.ids));
      if (beams === undefined) continue;
      expect(found.map((row) => row.ids)).toEqual(beams);
      expectNumbers(
        found.map((row) => row.score),
        beamScores ?? [],
        'scores',
      );
    }
  });

  it('with every other way of choosing', async () => {
    const [{ prompt: ids, greedy }] = cases;
    const plain = await load[expected.model](folderOf(expected.model));
    if (!(plain instanceof DecoderLM)) throw new Error('a model of language is wanted');
    const [drafted] = await prompt.generate([ids], { ...options, draft: plain, draftTokens: 3 });
    expect(drafted.ids).toEqual(greedy);
    const contrastive = { ...options, contrastiveAlpha: 0.6, topK: 4 };
    const [cached] = await prompt.generate([ids], contrastive);
    const [uncached] = await prompt.generate([ids], { ...contrastive, useCache: false });
    expect(cached.ids).toEqual(uncached.ids);
    const codec = { decode: (tokens: readonly number[]) => tokens.map((id) => `${id} `).join('') } as TextCodec;
    let text = '';
    for await (const piece of prompt.stream(ids, { ...options, tokenizer: codec })) text += piece;
    expect(text).toBe(
      greedy
        .slice(ids.length)
        .map((id) => `${id} `)
        .join(''),
    );
  });

  it('no more than the model has room for beside the vectors', async () => {
    const model = await load[expected.model](folderOf(expected.model));
    if (!(model instanceof DecoderLM)) throw new Error('a model of language is wanted');
    const room = model.maxLength - 3;
    await expect(prompt.generate([new Array(room + 1).fill(5)], options)).rejects.toThrow(
      `at most maxLength = ${room}`,
    );
    const [last] = await prompt.generate([new Array(room - 2).fill(5)], options);
    expect(last.newIds.length).toBeLessThanOrEqual(3);
    const prefix = model.readPrefix([5, 6]);
    await expect(prompt.generate([[5, 6, 7]], { prefix })).rejects.toThrow('none where a prompt is tuned');
    prefix.dispose();
  });
});

it('a model that only reads writes nothing', async () => {
  const prompt = await PromptTuning.load(await load.bert(folderOf('bert')), join(adapters, 'bert-prompt'));
  await expect(prompt.generate([[5]])).rejects.toThrow('expected a model that writes, got Bert');
});
