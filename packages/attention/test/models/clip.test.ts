// CLIP against transformers: logits, embeddings, hidden states and attention of both towers, loss, every gradient.
import { init, tensor } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { Clip, clipConfig, contrastiveLoss, Inspection } from '../../src/index';
import { expectClose } from '../support/fixture';
import {
  batchOf,
  expectedOf,
  expectInside,
  folderOf,
  imagesOf,
  itLearnsAndComesBack,
  type Numbers,
} from '../support/model-fixture';

describe('clip', () => {
  const expected = expectedOf('clip');
  const texts = batchOf(expected.inputs);
  const images = () => imagesOf(expected.inputs);
  const values = (list: string) => ({ ...(expected[list] as Numbers), dtype: 'float32' as const });
  let model: Clip;

  beforeAll(async () => {
    await init({ backend: 'wasm' });
    model = await Clip.fromPretrained(folderOf('clip'));
  });

  it('gives the same logits, embeddings, hidden states and attention', async () => {
    using inspectText = new Inspection();
    using inspectImage = new Inspection();
    const logits = model.call(texts, images(), { inspectText, inspectImage });
    await expectClose(logits, values('logits'), 'logits per image');
    await expectClose(model.textEmbedding(texts), values('textEmbedding'), 'texts');
    await expectClose(model.imageEmbedding(images()), values('imageEmbedding'), 'images');
    for (const [side, inspect] of [
      ['text', inspectText],
      ['image', inspectImage],
    ] as const) {
      const mask = side === 'text' ? expected.inputs['mask'] : undefined;
      await expectInside(inspect, expected[`${side}HiddenStates`], expected[`${side}Attentions`], mask);
    }
  });

  it("takes the largest id for a text's end where the config says 2, as OpenAI's files do", async () => {
    const config = { text: { ...model.config.text, eosId: 2 } };
    const old = await Clip.fromPretrained(folderOf('clip'), { config });
    const features = old.textProjection.call(old.text.call(texts));
    await expectClose(features, values('largestIdFeatures'), 'features');
  });

  itLearnsAndComesBack(
    'clip',
    () => model,
    Clip.fromPretrained,
    () => contrastiveLoss(model.call(texts, images())),
  );

  it('refuses images of another size, texts that are too long, and strange ids', () => {
    expect(() => model.imageEmbedding(tensor(new Float32Array(2 * 3 * 16), { shape: [2, 3, 4, 4] }))).toThrow(
      'images: expected [batch, 3, 8, 8]',
    );
    const long = { ids: new Int32Array(17), mask: new Int32Array(17).fill(1), shape: [1, 17] as const };
    expect(() => model.textEmbedding(long)).toThrow('at most maxLength = 16 tokens');
    const strange = { ids: Int32Array.of(99), mask: Int32Array.of(1), shape: [1, 1] as const };
    expect(() => model.textEmbedding(strange)).toThrow('99');
  });

  it('has the sizes of ViT-B/32 where nothing is said', () => {
    const { text, image } = clipConfig();
    expect([text.dim, image.dim, text.maxLength]).toEqual([512, 768, 77]);
  });
});
