// Learning rates by depth, and stacks that compute their activations again.
import { crossEntropy, init, memory, resetPeak } from '@heddle/tensor';
import { AdamW } from '@heddle/tensor/optim';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bert, bertConfig, Gpt2, gpt2Config, gradientCheckpointing, layerwiseDecay, T5 } from '../../src/index';
import { batchOf, expectedOf, expectGradients, folderOf, gradientFiles } from '../support/model-fixture';

beforeAll(async () => {
  await init({ backend: 'wasm', seed: 3 });
});

describe('layerwiseDecay', () => {
  it('puts each trained parameter into one group, at a rate that falls from the head down', async () => {
    const model = await Bert.fromPretrained(folderOf('bert'));
    const rateOf = new Map(
      layerwiseDecay(model, { lr: 1, decay: 0.5 }).flatMap(({ params, lr, weightDecay }) =>
        params.map((p) => [p, { lr, weightDecay }] as const),
      ),
    );
    const named = model.namedParameters();
    expect(rateOf.size).toBe(named.size);
    const found = (name: string) => rateOf.get(named.get(name)!);
    expect(found('head.out.weight')).toEqual({ lr: 1, weightDecay: 0.01 });
    expect(found('encoder.layers.1.linear1.weight')?.lr).toBe(0.5);
    expect(found('encoder.layers.0.norm1.weight')).toEqual({ lr: 0.25, weightDecay: 0 });
    expect(found('word_embedding.weight')?.lr).toBe(0.125);
    expect(found('embedding_norm.weight')?.lr).toBe(0.125);
    new AdamW(layerwiseDecay(model, { lr: 1e-3 }), { lr: 1e-3 });
    expect(() => layerwiseDecay(model, { lr: 0 })).toThrow('lr: expected a number above 0');
    expect(() => layerwiseDecay(model.freeze(), { lr: 1 })).toThrow('parameters that are trained');
  });

  it("lays a decoder's layers above the encoder's", async () => {
    const model = await T5.fromPretrained(folderOf('t5'));
    const groups = layerwiseDecay(model, { lr: 1, decay: 0.5 });
    expect([...new Set(groups.map(({ lr }) => lr))].sort()).toEqual([1, 0.5, 0.25, 0.125, 0.0625, 0.03125].sort());
  });
});

describe('gradientCheckpointing', () => {
  const still = { dropout: 0, attentionDropout: 0, embeddingDropout: 0 };
  it.each(['gpt2', 'bert'] as const)('leaves the gradients of %s as they are, padding and all', async (name) => {
    const load = name === 'gpt2' ? Gpt2.fromPretrained : Bert.fromPretrained;
    const model = (await load(folderOf(name), { config: still })).train();
    expect(gradientCheckpointing(model)).toBe(1);
    const { inputs } = expectedOf(name);
    const logits = model.call(batchOf(inputs));
    const T = inputs['ids'].shape[1];
    const labels = inputs['labels'].data;
    const next = labels.map((_, i) => ((i + 1) % T === 0 ? -100 : labels[i + 1]));
    crossEntropy(logits, name === 'gpt2' ? next : labels).backward();
    await expectGradients(model, await load(gradientFiles(name)));
  });

  it('passes gradients on to the encoder through the memory, and to relative positions', async () => {
    const model = (await T5.fromPretrained(folderOf('t5'), { config: still })).train();
    expect(gradientCheckpointing(model)).toBe(2);
    const { inputs } = expectedOf('t5');
    const { labels } = inputs;
    const target = model.targetOf({ ids: Int32Array.from(labels.data), shape: [labels.shape[0], labels.shape[1]] });
    crossEntropy(model.call(batchOf(inputs), target), labels.data).backward();
    await expectGradients(model, await T5.fromPretrained(gradientFiles('t5')));
  });

  it('needs less memory, with the same dropout', async () => {
    const config = gpt2Config({ vocabSize: 50, dim: 32, layers: 8, heads: 2, maxLength: 64, embeddingDropout: 0 });
    const ids = Int32Array.from({ length: 4 * 64 }, (_, i) => (7 * i) % 50);
    const text = { ids, mask: new Int32Array(ids.length).fill(1), shape: [4, 64] as const };
    const run = async (enabled: boolean): Promise<{ readonly loss: number; readonly peak: number }> => {
      await init({ backend: 'wasm', seed: 3 });
      const model = new Gpt2(config);
      gradientCheckpointing(model, { enabled });
      resetPeak();
      const before = memory().bytes;
      const loss = crossEntropy(model.call(text), ids);
      loss.backward();
      const result = { loss: await loss.item(), peak: memory().peakBytes - before };
      model.dispose();
      return result;
    };
    const plain = await run(false);
    const less = await run(true);
    expect(less.loss).toBe(plain.loss);
    expect(less.peak).toBeLessThan(0.5 * plain.peak);
  });

  it('does nothing where there is nothing to train', () => {
    const model = new Bert(bertConfig({ vocabSize: 20, dim: 8, layers: 1, heads: 2 })).eval();
    expect(gradientCheckpointing(model, { enabled: false })).toBe(1);
  });
});
