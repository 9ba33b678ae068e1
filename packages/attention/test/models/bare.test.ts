// Models without heads against transformers: their tokens, what poolers and projections make of them, every gradient.
import { init, type Tensor, tensor } from '@heddle/tensor';
import { openSafetensors, type Source } from '@heddle/tensor/io';
import { beforeAll, describe, expect, it } from 'vitest';
import { AutoModel, Bert, Clip, ClipTextModel, ClipVisionModel, T5Encoder, Vit } from '../../src/index';
import { expectClose } from '../support/fixture';
import {
  batchOf,
  expectedOf,
  expectRows,
  folderOf,
  imagesOf,
  itLearnsAndComesBack,
  type Numbers,
  type Savable,
} from '../support/model-fixture';

type Inputs = Readonly<Record<string, Numbers>>;

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

/** Tokens of a model, and the vector of each row. */
interface Found {
  readonly hidden: Tensor;
  readonly pooled: Tensor;
}

function outputsOf(model: Savable, inputs: Inputs): Found {
  if (model instanceof Bert) return { hidden: model.call(batchOf(inputs)), pooled: model.pooled(batchOf(inputs)) };
  if (model instanceof Vit) return { hidden: model.call(imagesOf(inputs)), pooled: model.pooled(imagesOf(inputs)) };
  if (model instanceof ClipTextModel)
    return { hidden: model.hidden(batchOf(inputs)), pooled: model.call(batchOf(inputs)) };
  if (model instanceof ClipVisionModel)
    return { hidden: model.hidden(imagesOf(inputs)), pooled: model.call(imagesOf(inputs)) };
  if (!(model instanceof T5Encoder)) throw new Error(`it is a ${model.constructor.name}`);
  const hidden = model.call(batchOf(inputs));
  return { hidden, pooled: hidden.select(1, 0) };
}

describe.each([
  ...['bert-bare', 'roberta-bare', 'albert-bare', 'mpnet-bare', 'vit-bare', 't5-encoder'],
  ...['clip-text', 'clip-text-projection', 'clip-vision', 'clip-vision-projection'],
])('%s', (name) => {
  const expected = expectedOf(name);
  const { inputs } = expected;
  const load = async (source: Source): Promise<Savable> => (await AutoModel.fromPretrained(source)) as Savable;
  let model: Savable;

  beforeAll(async () => {
    model = await load(folderOf(name));
  });

  it('gives the same tokens, and the same vector for each row', async () => {
    const { hidden, pooled } = outputsOf(model, inputs);
    await expectRows(hidden, expected['lastHiddenState'] as Numbers, inputs['mask'], 'tokens');
    await expectClose(pooled, { ...expected.logits, dtype: 'float32' }, 'vectors');
  });

  itLearnsAndComesBack(
    name,
    () => model,
    load,
    () => {
      const weights = tensor(Float32Array.from(inputs['weights'].data), { shape: inputs['weights'].shape });
      return outputsOf(model, inputs).pooled.mul(weights).sum();
    },
  );
});

it('has a pooler where the checkpoint has one', async () => {
  const files = new Map<string, Uint8Array>();
  const bare = await Bert.fromPretrained(folderOf('bert-bare'), { config: { pooler: false } });
  await bare.savePretrained(files);
  const file = await openSafetensors(files);
  expect([...file.entries.keys()].filter((key) => key.includes('pooler'))).toEqual([]);
  await file.close();
  const again = await Bert.fromPretrained(files);
  expect([again.pooler, again.config.pooler]).toEqual([null, false]);
  expect(() => again.pooled(batchOf(expectedOf('bert-bare').inputs))).toThrow(
    'Bert: pooler: expected a model without a head, with a pooler, got none',
  );
  await expect(Bert.fromPretrained(files, { config: { pooler: true } })).rejects.toThrow(
    'missing: pooler.dense.weight, pooler.dense.bias',
  );
  const electra = await Bert.fromPretrained(folderOf('electra'), { config: { head: 'none' }, strict: false });
  expect(electra.pooler).toBeNull();
});

it("takes either of CLIP's towers out of the whole", async () => {
  const clip = await Clip.fromPretrained(folderOf('clip'));
  const { inputs } = expectedOf('clip');
  const text = await ClipTextModel.fromPretrained(folderOf('clip'));
  const seen = await ClipVisionModel.fromPretrained(folderOf('clip'));
  const wanted = [
    clip.textProjection.call(clip.text.call(batchOf(inputs))),
    clip.imageProjection.call(clip.image.call(imagesOf(inputs))),
  ];
  const found = [text.call(batchOf(inputs)), seen.call(imagesOf(inputs))];
  for (const [i, t] of found.entries()) expect(await t.data()).toEqual(await wanted[i].data());
  const pooled = await ClipTextModel.fromPretrained(folderOf('clip'), { config: { projectionDim: null } });
  expect(await pooled.call(batchOf(inputs)).data()).toEqual(await clip.text.call(batchOf(inputs)).data());
  // What is taken out is written as the class that it is.
  const files = new Map<string, Uint8Array>();
  await text.savePretrained(files);
  expect(JSON.parse(new TextDecoder().decode(files.get('config.json')))).toMatchObject({
    architectures: ['CLIPTextModelWithProjection'],
    model_type: 'clip_text_model',
    projection_dim: 12,
  });
});

it("takes T5's encoder out of the whole", async () => {
  const encoder = await T5Encoder.fromPretrained(folderOf('t5'));
  const batch = batchOf(expectedOf('t5').inputs);
  const states = expectedOf('t5')['encoderHiddenStates'] as Numbers[];
  await expectRows(encoder.call(batch), states[states.length - 1], expectedOf('t5').inputs['mask'], 'tokens');
});
