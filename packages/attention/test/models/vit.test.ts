// The Vision Transformer, with its heads, and CLIP's that labels images, against transformers: logits, hidden states, attention, loss, the gradient of every weight.
import { crossEntropy, init, type Tensor, tensor } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { beforeAll, describe, expect, it } from 'vitest';
import { AutoModel, ClipClassifier, Inspection, MaskedVit, maskedImageLoss, Vit } from '../../src/index';
import { expectClose } from '../support/fixture';
import { expectedOf, expectInside, folderOf, imagesOf, itLearnsAndComesBack } from '../support/model-fixture';

type Seeing = Vit | MaskedVit | ClipClassifier;

async function load(source: Source): Promise<Seeing> {
  const model = await AutoModel.fromPretrained(source);
  if (model instanceof Vit || model instanceof ClipClassifier) return model;
  throw new Error(`it is a ${model.constructor.name}`);
}

describe.each(['vit', 'vit-masked', 'clip-classes'])('%s', (name) => {
  const expected = expectedOf(name);
  const { labels, masked: hidden } = expected.inputs;
  const masked = (): Tensor<'int32'> | undefined =>
    hidden && tensor(hidden.data, { shape: hidden.shape, dtype: 'int32' });
  let model: Seeing;

  beforeAll(async () => {
    await init({ backend: 'wasm' });
    model = await load(folderOf(name));
  });

  it('gives the same logits, hidden states and attention', async () => {
    using inspect = new Inspection();
    const options = { inspect, masked: masked() };
    const logits = model.call(imagesOf(expected.inputs), options);
    await expectClose(logits, { ...expected.logits, dtype: 'float32' }, 'logits');
    await expectInside(inspect, expected['hiddenStates'], expected['attentions'], undefined);
  });

  itLearnsAndComesBack(
    name,
    () => model,
    load,
    () => {
      const images = imagesOf(expected.inputs);
      const [options, patches] = [{ masked: masked() }, masked()];
      const out = model.call(images, options);
      return patches === undefined ? crossEntropy(out, labels.data) : maskedImageLoss(out, images, patches);
    },
  );
});

it('refuses a mask of another shape, and strides that draw other images', async () => {
  const model = await MaskedVit.fromPretrained(folderOf('vit-masked'));
  const images = imagesOf(expectedOf('vit-masked').inputs);
  expect(() => model.call(images, { masked: tensor([[1, 0]]) })).toThrow('masked: expected [2, 4], got [1, 2]');
  expect(() => maskedImageLoss(images, images, tensor([[1, 0, 1]]))).toThrow('patches that tile 8 × 8 pixels');
  const files = new Map<string, Uint8Array>();
  await model.savePretrained(files);
  const config = JSON.parse(new TextDecoder().decode(files.get('config.json')));
  files.set('config.json', new TextEncoder().encode(JSON.stringify({ ...config, encoder_stride: 2 })));
  await expect(MaskedVit.fromPretrained(files)).rejects.toThrow('encoder_stride: expected patch_size = 4');
});
