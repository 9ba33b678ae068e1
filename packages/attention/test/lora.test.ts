// LoRA: learning beside frozen weights, merging, several adapters, and PEFT's files.
import { crossEntropy, init, memory, type Tensor } from '@heddle/tensor';
import { AdamW } from '@heddle/tensor/optim';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Gpt2, Llama, Lora } from '../src/index';
import { expectNumbers } from './support/fixture';
import { folderOf, valuesOf } from './support/model-fixture';

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

  it('trains only itself', () => {
    const lora = new Lora(model, { rank: 1 });
    expect(model.parameters().every((p) => !p.requiresGrad)).toBe(true);
    expect(lora.parameters()).toHaveLength(2 * lora.targets.length);
    expect([...lora.stateDict().keys()].every((name) => name.startsWith('pairs.'))).toBe(true);
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
    await expect(new Lora(gpt2, { rank: 1 }).save(new Map())).rejects.toThrow('stand alone in the checkpoint');
  });
});
