// LoRA: learning beside frozen weights, merging, several adapters, and PEFT's files.
import { join } from 'node:path';
import { crossEntropy, init, memory, type Tensor } from '@heddle/tensor';
import { assign } from '@heddle/tensor/nn';
import { AdamW } from '@heddle/tensor/optim';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Bert, Gpt2, Llama, Lora } from '../../src/index';
import { expectNumbers } from '../support/fixture';
import { folderOf, valuesOf } from '../support/model-fixture';
import { checkpoints } from '../support/shared';

const batch = {
  ids: Int32Array.from([5, 7, 3, 11, 2, 19]),
  mask: new Int32Array(6).fill(1),
  shape: [2, 3] as const,
};
const targets = [7, 3, 11, 2, 19, 4];

const bytesOf = async (model: Llama): Promise<string[]> => {
  const found: string[] = [];
  for (const [name, p] of model.namedParameters()) found.push(`${name} ${await p.data()}`);
  return found;
};

/** Trains the adapter and returns the losses. */
async function train(model: Llama, lora: Lora, steps = 30): Promise<number[]> {
  const optimizer = new AdamW(lora.parameters(), { lr: 2e-2 });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const loss = crossEntropy(model.call(batch), targets);
    loss.backward();
    optimizer.step();
    losses.push(await loss.item());
  }
  return losses;
}

beforeAll(async () => {
  await init({ backend: 'wasm', seed: 5 });
});

it.each([
  ['int8', '8-bit integers in'],
  ['bfloat16', 'bfloat16 in'],
] as const)('stands beside no weights of %s, and says so', async (dtype, received) => {
  const model = await Llama.fromPretrained(folderOf('llama'), { dtype });
  const before = memory().buffers;
  expect(() => new Lora(model, { rank: 2 })).toThrow(
    `Lora: model: expected weights in float32 (load it without a dtype), got ${received} decoder.layers.0.self_attn.q_proj`,
  );
  expect(memory().buffers).toBe(before);
});

describe('an adapter', () => {
  let model: Llama;
  const logits = (): Promise<Float32Array> => valuesOf((): Tensor => model.call(batch));
  beforeEach(async () => {
    model = await Llama.fromPretrained(folderOf('llama'));
  });

  it('changes nothing before it is trained, learns, and leaves the weights as they were, byte for byte', async () => {
    const before = await logits();
    const weights = await bytesOf(model);
    const lora = new Lora(model, { rank: 2, alpha: 4, dropout: 0.1 });
    expect(await logits()).toEqual(before);
    const losses = await train(model, lora);
    expect(losses[losses.length - 1]).toBeLessThan(losses[0] * 0.8);
    expect(await bytesOf(model)).toEqual(weights);
    lora.disable();
    expect(await logits()).toEqual(before);
  });

  it('gives the same merged as unmerged, and unmerges exactly', async () => {
    const weights = await bytesOf(model);
    const lora = new Lora(model, { rank: 3, targets: /_proj$|linear1$|gate$|linear2$/ });
    await train(model, lora, 10);
    const beside = await logits();
    const buffers = memory().buffers;
    lora.merge();
    expect(await bytesOf(model)).not.toEqual(weights);
    expectNumbers(await logits(), Array.from(beside), 'merged', 1e-5);
    lora.unmerge();
    expect(await bytesOf(model)).toEqual(weights);
    expect(await logits()).toEqual(beside);
    expect(memory().buffers).toBe(buffers);
  });

  it('is one of several beside one model', async () => {
    const plain = await logits();
    const first = new Lora(model, { rank: 1 });
    await train(model, first, 5);
    const withFirst = await logits();
    first.disable();
    const second = new Lora(model, { rank: 2, targets: /q_proj$/ });
    await train(model, second, 5);
    second.disable();
    expect(await logits()).toEqual(plain);
    first.enable();
    expect(await logits()).toEqual(withFirst);
  });

  it('is merged and taken back in any order, and one is switched to', async () => {
    const weights = await bytesOf(model);
    const plain = await logits();
    const first = new Lora(model, { rank: 1 });
    await train(model, first, 5);
    const withFirst = await logits();
    const second = new Lora(model, { rank: 2, weightDecomposed: true });
    await train(model, second, 5);
    const withBoth = await logits();
    const buffers = memory().buffers;
    first.merge();
    second.merge();
    expectNumbers(await logits(), Array.from(withBoth), 'both merged', 1e-5);
    first.unmerge();
    expectNumbers(await logits(), Array.from(withBoth), 'one merged', 1e-5);
    second.unmerge();
    expect(await bytesOf(model)).toEqual(weights);
    expect(memory().buffers).toBe(buffers);
    first.merge();
    second.useAlone();
    first.useAlone();
    expect(await logits()).toEqual(withFirst);
    second.merge();
    first.dispose();
    second.dispose();
    expect(await bytesOf(model)).toEqual(weights);
    expect(await logits()).toEqual(plain);
  });

  it('trains a head with it, and saves it with it', async () => {
    const config = { head: 'classification', labels: ['no', 'yes'] } as const;
    const bert = await Bert.fromPretrained(folderOf('bert-mlm'), { config, strict: false });
    const lora = new Lora(bert, { rank: 2, modulesToSave: /^head\.out$/ });
    const optimizer = new AdamW(lora.parameters(), { lr: 1e-2 });
    const before = await bert.namedParameters().get('head.out.weight')!.data();
    crossEntropy(bert.call(batch), [1, 0]).backward();
    optimizer.step();
    expect(await bert.namedParameters().get('head.out.weight')!.data()).not.toEqual(before);
    const files = new Map<string, Uint8Array>();
    await lora.save(files);
    const trained = await valuesOf(() => bert.eval().call(batch));
    const again = await Bert.fromPretrained(folderOf('bert-mlm'), { config, strict: false });
    const dense = again.namedParameters().get('head.dense.weight')!;
    assign(dense, bert.namedParameters().get('head.dense.weight')!);
    assign(again.namedParameters().get('head.dense.bias')!, bert.namedParameters().get('head.dense.bias')!);
    await Lora.load(again, files);
    expect(await valuesOf(() => again.call(batch))).toEqual(trained);
  });

  it('comes back from its files, which PEFT would read', async () => {
    const lora = new Lora(model, { rank: 2, alpha: 6, rankStabilized: true });
    await train(model, lora, 5);
    const trained = await logits();
    const files = new Map<string, Uint8Array>();
    await lora.save(files);
    const config = JSON.parse(new TextDecoder().decode(files.get('adapter_config.json')));
    expect(config).toMatchObject({
      peft_type: 'LORA',
      r: 2,
      lora_alpha: 6,
      target_modules: ['k_proj', 'o_proj', 'q_proj', 'v_proj'],
    });
    const header = new TextDecoder().decode(files.get('adapter_model.safetensors'));
    expect(header).toContain('base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight');
    lora.disable();
    const again = await Lora.load(model, files);
    expect(again.targets).toEqual(lora.targets);
    expect(await logits()).toEqual(trained);
  });

  it('drops out what the model in training drops out, and nothing in a model that answers', async () => {
    const lora = new Lora(model, { rank: 2, alpha: 40, dropout: 0.5 });
    await train(model, lora, 5);
    const beside = await logits();
    expect(model.training || lora.training).toBe(false); // a model that was loaded answers
    expect(await logits()).toEqual(beside);
    expect(lora.train().training).toBe(true);
    expect(model.training).toBe(true);
    expect(await logits()).not.toEqual(await logits());
    model.eval();
    expect(lora.training).toBe(false);
    expect(await logits()).toEqual(beside);
    expect(await valuesOf(() => lora.call(batch))).toEqual(beside);
  });

  it('of some maps of a packed projection leaves the others as they are, lengths learned apart or not', async () => {
    for (const weightDecomposed of [false, true]) {
      const gpt2 = await Gpt2.fromPretrained(folderOf('gpt2'));
      const lora = new Lora(gpt2, { rank: 2, targets: /(q|v)_proj$/, weightDecomposed });
      const optimizer = new AdamW(lora.parameters(), { lr: 2e-2 });
      crossEntropy(gpt2.call(batch), targets).backward();
      optimizer.step();
      const trained = await valuesOf(() => gpt2.call(batch));
      const files = new Map<string, Uint8Array>();
      await lora.save(files);
      lora.disable();
      await Lora.load(gpt2, files);
      expectNumbers(await valuesOf(() => gpt2.call(batch)), Array.from(trained), 'loaded', 1e-5);
    }
  });

  it('trains only itself', () => {
    const lora = new Lora(model, { rank: 1 });
    expect(model.parameters().every((p) => !p.requiresGrad)).toBe(true);
    expect(lora.parameters()).toHaveLength(2 * lora.targets.length);
    expect([...lora.stateDict().keys()].every((name) => name.startsWith('pairs.'))).toBe(true);
  });
});

describe.skipIf(checkpoints === undefined)('a small real checkpoint', () => {
  it('keeps its weights byte for byte, has an adapter under 2 % of its size, and merges within 1e-5', async () => {
    const model = await Llama.fromPretrained(join(checkpoints ?? '', 'stories260K'));
    const weights = await bytesOf(model);
    const lora = new Lora(model, { rank: 2, targets: /(q|v)_proj$/ });
    const losses = await train(model, lora, 10);
    expect(losses[9]).toBeLessThan(losses[0]);
    const files = new Map<string, Uint8Array>();
    await lora.save(files);
    await model.savePretrained(files);
    const size = (file: string): number => files.get(file)!.length;
    expect(size('adapter_model.safetensors') / size('model.safetensors')).toBeLessThan(0.02);
    const beside = await valuesOf(() => model.call(batch));
    lora.merge();
    expectNumbers(await valuesOf(() => model.call(batch)), Array.from(beside), 'merged', 1e-5);
    lora.unmerge();
    expect(await bytesOf(model)).toEqual(weights);
  });
});

describe('bad input', () => {
  it('names what could be adapted, and what is wrong with files', async () => {
    const model = await Llama.fromPretrained(folderOf('llama'));
    expect(() => new Lora(model, { rank: 0 })).toThrow('rank');
    expect(() => new Lora(model, { rank: 1, dropout: 1 })).toThrow('dropout');
    expect(() => new Lora(model, { rank: 1, targets: /nothing/ })).toThrow('decoder.layers.0.self_attn.q_proj');
    const files = new Map<string, Uint8Array>();
    await new Lora(model, { rank: 1 }).save(files);
    const config = new TextEncoder().encode('{ "peft_type": "IA3", "r": -1 }');
    await expect(Lora.load(model, new Map([...files, ['adapter_config.json', config]]))).rejects.toThrow(
      /peft_type.*r: .*lora_alpha/,
    );
    const other = await Llama.fromPretrained(folderOf('mistral'));
    await expect(
      Lora.load(other, new Map([['adapter_config.json', files.get('adapter_config.json')!]])),
    ).rejects.toThrow('no such file');
    const gpt2 = await Gpt2.fromPretrained(folderOf('gpt2'));
    await expect(Lora.load(gpt2, files)).rejects.toThrow('unexpected: base_model');
    expect(() => new Lora(gpt2, { rank: 1, modulesToSave: /nothing/ })).toThrow('decoder.norm');
  });
});
