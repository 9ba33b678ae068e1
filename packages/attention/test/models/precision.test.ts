// Weights in other precisions: rounded to 8 or 16 bits as they are read, written in 16.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { init, memory, noGrad, type Tensor } from '@heddle/tensor';
import { openSafetensors } from '@heddle/tensor/io';
import { Embedding, HalfLinear, Linear, quantize } from '@heddle/tensor/nn';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  AutoModel,
  BartClassifier,
  Bert,
  Clip,
  DecoderClassifier,
  DecoderLM,
  EncoderDecoderLM,
  EncoderModel,
  Gpt2,
  Llama,
  llamaConfig,
  type PretrainedModel,
  PromptTuning,
  Vit,
} from '../../src/index';
import { batchOf, expectedOf, expectLogits, folderOf, imagesOf, type Numbers } from '../support/model-fixture';

beforeAll(async () => {
  await init({ backend: 'wasm', threads: 1 });
});

describe('int8', () => {
  // First in the file: the peak is that of the process.
  it('never holds the floats of the linear maps', async () => {
    const files = new Map<string, Uint8Array>();
    const config = llamaConfig({ vocabSize: 64, dim: 256, hiddenDim: 1_024, layers: 4, heads: 4, maxLength: 8 });
    const before = memory().bytes;
    const whole = new Llama(config);
    const size = memory().bytes - before;
    await whole.savePretrained(files, { dtype: 'bfloat16' });
    const floor = memory().peakBytes;
    whole.dispose();
    const models = [];
    // As many of them as would not fit below the peak, if one of them had been whole for a moment.
    for (let i = 0; i < 3; i++) models.push(await Llama.fromPretrained(files, { dtype: 'int8' }));
    expect(memory().bytes - before).toBeLessThan(3 * 0.27 * size);
    expect(memory().peakBytes).toBe(floor);
    for (const model of models) model.dispose();
    expect(memory().bytes).toBe(before);
  });

  it.each([
    ...['bert', 'albert', 'electra-mlm', 'mpnet', 'gpt2', 'gpt2-classes', 'llama', 'gemma', 'gpt-neox'],
    ...['bloom', 't5', 'bart', 'bart-classes', 'marian', 'vit', 'clip'],
  ])('gives what quantize makes of %s', async (name) => {
    const { buffers } = memory();
    const rounded = await AutoModel.fromPretrained(folderOf(name), { dtype: 'int8' });
    const own = memory().buffers - buffers;
    const whole = await AutoModel.fromPretrained(folderOf(name));
    await quantize(whole);
    expect(memory().buffers - buffers).toBe(2 * own);
    const state = whole.stateDict();
    expect([...rounded.stateDict().keys()]).toEqual([...state.keys()]);
    expect([...state.keys()].some((key) => key.endsWith('.qweight'))).toBe(true);
    for (const [key, t] of rounded.stateDict()) expect(await t.data(), key).toEqual(await state.get(key)?.data());
    rounded.dispose();
    whole.dispose();
    expect(memory().buffers).toBe(buffers);
  });

  it('writes texts, and tells of every weight as it is read', async () => {
    const seen: number[] = [];
    let total = 0;
    const model = await Gpt2.fromPretrained(folderOf('gpt2'), {
      dtype: 'int8',
      onProgress: (done, of) => {
        seen.push(done);
        total = of;
      },
    });
    expect(seen).toEqual(Array.from({ length: total }, (_, i) => i + 1));
    const [cached] = await model.generate([[5, 6, 7]], { maxNewTokens: 5, eosIds: [] });
    const [plain] = await model.generate([[5, 6, 7]], { maxNewTokens: 5, eosIds: [], useCache: false });
    expect(cached.ids).toEqual(plain.ids);
    expect(cached.newIds).toHaveLength(5);
    model.dispose();
  });

  it('is not written for transformers, which would not understand it', async () => {
    const model = await Bert.fromPretrained(folderOf('bert'), { dtype: 'int8' });
    await expect(model.savePretrained(new Map())).rejects.toThrow(
      'savePretrained: model: expected weights in floats, got 8-bit integers in encoder.layers.0.self_attn.q_proj',
    );
    model.dispose();
  });

  it('says what weights can be in memory, and frees what it began', async () => {
    const { buffers } = memory();
    await expect(Bert.fromPretrained(folderOf('bert'), { dtype: 'int4' as 'int8' })).rejects.toThrow(
      `fromPretrained: dtype: expected 'float32', 'bfloat16', 'float16', 'int8', got "int4"`,
    );
    await expect(Bert.fromPretrained(folderOf('bert'), { dtype: 'int8', strict: false })).rejects.toThrow(
      "'float32' where weights may be missing",
    );
    const damaged = new Map([
      ['config.json', readFileSync(join(folderOf('bert'), 'config.json'))],
      ['model.safetensors', readFileSync(join(folderOf('albert'), 'model.safetensors'))],
    ]);
    await expect(Bert.fromPretrained(damaged, { dtype: 'int8' })).rejects.toThrow('missing: ');
    expect(memory().buffers).toBe(buffers);
  });
});

const rounded: {
  readonly logits: Readonly<Record<string, Readonly<Record<'float16' | 'bfloat16', Numbers>>>>;
} = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/rounded.json'), 'utf8'));

/** What a fixture's model makes of the fixture's inputs. */
function logitsOf(model: PretrainedModel, inputs: Readonly<Record<string, Numbers>>): Tensor {
  if (model instanceof Clip) return model.call(batchOf(inputs), imagesOf(inputs));
  if (model instanceof Vit) return model.call(imagesOf(inputs));
  if (model instanceof EncoderDecoderLM) {
    const { labels } = inputs;
    const own = { ids: Int32Array.from(labels.data), shape: [labels.shape[0], labels.shape[1]] as const };
    return model.call(batchOf(inputs), model.targetOf(own));
  }
  if (model instanceof DecoderLM || model instanceof EncoderModel) return model.call(batchOf(inputs));
  if (model instanceof BartClassifier || model instanceof DecoderClassifier) return model.call(batchOf(inputs));
  throw new Error(`it is a ${model.constructor.name}`);
}

describe.each(['bfloat16', 'float16'] as const)('%s in memory', (dtype) => {
  it.each(Object.keys(rounded.logits))('gives what PyTorch makes of the rounded weights of %s', async (name) => {
    const model = await AutoModel.fromPretrained(folderOf(name), { dtype });
    const expected = { ...expectedOf(name), logits: rounded.logits[name][dtype] };
    await expectLogits(
      noGrad(() => logitsOf(model, expected.inputs)),
      expected,
    );
    const modules = model.namedModules().map(({ module }) => module);
    expect(modules.some((own) => own instanceof HalfLinear)).toBe(true);
    expect(modules.filter((own) => own instanceof Linear || own instanceof Embedding)).toEqual([]);
    model.dispose();
  });

  it.each(['bert-mlm', 'gpt2', 'bloom', 't5', 'vit', 'clip'])('is written as it is: %s', async (name) => {
    const [files, again] = [new Map<string, Uint8Array>(), new Map<string, Uint8Array>()];
    const whole = await AutoModel.fromPretrained(folderOf(name));
    await whole.savePretrained(files, { dtype });
    const { buffers } = memory();
    const model = await AutoModel.fromPretrained(files, { dtype });
    await model.savePretrained(again);
    expect(again.get('model.safetensors')).toEqual(files.get('model.safetensors'));
    expect(again.get('config.json')).toEqual(files.get('config.json'));
    model.dispose();
    expect(memory().buffers).toBe(buffers);
    whole.dispose();
  });

  it('takes half of the memory, and writes texts', async () => {
    const files = new Map<string, Uint8Array>();
    const config = llamaConfig({ vocabSize: 512, dim: 256, hiddenDim: 1_024, layers: 4, heads: 4, maxLength: 8 });
    const before = memory().bytes;
    const whole = new Llama(config);
    const size = memory().bytes - before;
    await whole.savePretrained(files, { dtype });
    whole.dispose();
    const model = await Llama.fromPretrained(files, { dtype });
    expect(memory().bytes - before).toBeLessThan(0.51 * size);
    const [cached] = await model.generate([[5, 6]], { maxNewTokens: 5 });
    const wide = await Llama.fromPretrained(files);
    const [plain] = await wide.generate([[5, 6]], { maxNewTokens: 5 });
    expect(cached.newIds).toEqual(plain.newIds);
    model.dispose();
    wide.dispose();
  });
});

it('says which weight float16 cannot hold, and what is not for training', async () => {
  const files = new Map<string, Uint8Array>();
  const model = await Gpt2.fromPretrained(folderOf('gpt2'));
  const large = new Map([...model.stateDict()].map(([key, t]) => [key, noGrad(() => t.mul(1e6))]));
  model.loadStateDict(large);
  await model.savePretrained(files);
  await expect(Gpt2.fromPretrained(files, { dtype: 'float16' })).rejects.toThrow(
    /halve: embedding: expected weights up to 65504 for float16, got .*: try bfloat16/,
  );
  const half = await Gpt2.fromPretrained(files, { dtype: 'bfloat16' });
  expect(() => new PromptTuning(half, { tokens: 2, initialIds: [1] })).toThrow('an embedding of 16 bits');
});

describe.each(['float16', 'bfloat16'] as const)('%s', (dtype) => {
  it.each(['bert', 'gpt2', 'bloom'])('is what the weights of %s are in the file, and widened again', async (name) => {
    const files = new Map<string, Uint8Array>();
    const model = await AutoModel.fromPretrained(folderOf(name));
    await model.savePretrained(files, { dtype });
    const file = await openSafetensors(files);
    for (const [key, { fileDType }] of file.entries)
      expect(fileDType, key).toBe({ float16: 'F16', bfloat16: 'BF16' }[dtype]);
    await file.close();
    expect(JSON.parse(new TextDecoder().decode(files.get('config.json'))).torch_dtype).toBe(dtype);
    const again = await AutoModel.fromPretrained(files);
    const most = { float16: 2 ** -11, bfloat16: 2 ** -8 }[dtype];
    const state = model.stateDict();
    for (const [key, t] of again.stateDict()) {
      const wanted = (await state.get(key)?.data()) ?? [];
      for (const [i, x] of (await t.data()).entries())
        expect(Math.abs(x - wanted[i]), key).toBeLessThanOrEqual(most * Math.abs(wanted[i]) + 2 ** -25);
    }
    // What was rounded once stays as it is.
    const twice = new Map<string, Uint8Array>();
    await again.savePretrained(twice, { dtype });
    expect(twice.get('model.safetensors')).toEqual(files.get('model.safetensors'));
    model.dispose();
    again.dispose();
  });
});
