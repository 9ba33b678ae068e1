// Decoder-only models against transformers: logits, hidden states, attention, loss, the gradient of every weight.
import { crossEntropy, init, randn, tensor } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  AutoModel,
  Bart,
  BartLM,
  BertLM,
  Bloom,
  type DecoderLM,
  Gpt2,
  GptNeoX,
  Inspection,
  Llama,
} from '../../src/index';
import { expectClose } from '../support/fixture';
import {
  batchOf,
  expectedOf,
  expectGradients,
  expectLogits,
  expectRows,
  folderOf,
  gradientFiles,
  itLearnsAndComesBack,
  type Numbers,
  nextTokenLoss,
  type Savable,
} from '../support/model-fixture';

const models: Readonly<Record<string, (source: Source) => Promise<DecoderLM & Pick<Savable, 'savePretrained'>>>> = {
  gpt2: Gpt2.fromPretrained,
  llama: Llama.fromPretrained,
  'llama-tied': Llama.fromPretrained,
  mistral: Llama.fromPretrained,
  qwen2: Llama.fromPretrained,
  gemma: Llama.fromPretrained,
  'gpt-neox': GptNeoX.fromPretrained,
  'gpt-neox-serial': GptNeoX.fromPretrained,
  bloom: Bloom.fromPretrained,
  'bert-causal': BertLM.fromPretrained,
  'roberta-causal': BertLM.fromPretrained,
  'electra-causal': BertLM.fromPretrained,
  'bart-causal': BartLM.fromPretrained,
  'marian-causal': BartLM.fromPretrained,
};

describe.each(Object.keys(models))('%s', (name) => {
  const expected = expectedOf(name);
  const batch = batchOf(expected.inputs);
  const { mask, labels } = expected.inputs;
  let model: DecoderLM & Pick<Savable, 'savePretrained'>;

  beforeAll(async () => {
    await init({ backend: 'wasm' });
    model = await models[name](folderOf(name));
  });

  it('gives the same logits, hidden states and attention', async () => {
    using inspect = new Inspection();
    await expectRows(model.call(batch, { inspect }), expected.logits, mask, 'logits');
    const states = expected['hiddenStates'] as Numbers[];
    expect(inspect.hiddenStates).toHaveLength(states.length);
    for (const [i, state] of states.entries())
      await expectRows(inspect.hiddenStates[i], state, mask, `hidden state ${i}`);
    const attentions = expected['attentions'] as Numbers[];
    expect(inspect.attentions).toHaveLength(attentions.length);
    for (const [i, weights] of attentions.entries()) {
      const [B, H, T, S] = weights.shape;
      // Rows of padding differ: transformers lets them see each other.
      const perHead = { shape: [B * H, T, S], data: weights.data };
      const rows = {
        shape: [B * H, T],
        data: Array.from({ length: B * H * T }, (_, r) => mask.data[Math.floor(r / (H * T)) * T + (r % T)]),
      };
      await expectRows(inspect.attentions[i].reshape([B * H, T, S]), perHead, rows, `attention ${i}`);
    }
  });

  it('gives the same for padding on the left', async () => {
    const left = expected['left'] as { ids: Numbers; mask: Numbers; logits: Numbers };
    await expectRows(model.call(batchOf({ ids: left.ids, mask: left.mask })), left.logits, left.mask, 'logits');
  });

  itLearnsAndComesBack(
    name,
    () => model,
    models[name],
    (own) => nextTokenLoss(own.call(batch), labels),
  );
});

it('scores texts beside each other and writes, with both heads of GPT-2', async () => {
  const name = 'gpt2-double';
  const expected = expectedOf(name);
  const batch = batchOf(expected.inputs);
  const { labels, choice } = expected.inputs;
  const model = await AutoModel.fromPretrained(folderOf(name));
  if (!(model instanceof Gpt2)) throw new Error(`it is a ${model.constructor.name}`);
  const { logits, scores } = model.choices(batch);
  await expectLogits(logits, expected);
  await expectClose(scores.reshape([1, 2]), { ...(expected['choices'] as Numbers), dtype: 'float32' }, 'scores');
  const loss = nextTokenLoss(logits, labels).add(crossEntropy(scores.reshape([1, 2]), choice.data));
  expect(await loss.item()).toBeCloseTo(expected.loss, 4);
  loss.backward();
  await expectGradients(model, await Gpt2.fromPretrained(gradientFiles(name)));
  const files = new Map<string, Uint8Array>();
  await model.savePretrained(files);
  const again = await Gpt2.fromPretrained(files);
  expect(again.config).toEqual(model.config);
  expect(await again.choiceHead?.weight.data()).toEqual(await model.choiceHead?.weight.data());
  const plain = await Gpt2.fromPretrained(folderOf('gpt2'));
  expect(() => plain.choices(batch)).toThrow('Gpt2: choice: expected a model made with it, got none');
});

it("looks at a memory with BART's decoder alone, as with the whole", async () => {
  const whole = await Bart.fromPretrained(folderOf('bart'));
  const { layers: _, ...config } = whole.config;
  const alone = new BartLM({ ...config, layers: 1 }).eval();
  const own = alone.stateDict();
  const given = whole.stateDict();
  const nameInWhole = (name: string): string =>
    name.replace(/^position_embedding/, 'decoder_positions').replace(/^embedding_norm/, 'decoder_norm');
  alone.loadStateDict(new Map([...own.keys()].map((name) => [name, given.get(nameInWhole(name))!])));
  const target = { ids: tensor([[2, 7, 9]], { dtype: 'int32' }) };
  const memory = randn([1, 5, config.dim]);
  const wanted = await whole.decode(target, memory).data();
  expect(await alone.call(target, { memory }).data()).toEqual(wanted);
  expect(await alone.call(target).data()).not.toEqual(wanted);
});

it('writes the same with a cache as without, and refuses a BERT that looks ahead', async () => {
  for (const name of ['bert-causal', 'roberta-causal', 'electra-causal', 'bart-causal', 'marian-causal']) {
    const model = await models[name](folderOf(name));
    const prompts = [[5, 7, 3], [4]];
    const [cached, again] = [
      await model.generate(prompts, { maxNewTokens: 6 }),
      await model.generate(prompts, { maxNewTokens: 6, useCache: false }),
    ];
    expect(cached.map(({ ids }) => ids)).toEqual(again.map(({ ids }) => ids));
  }
  const files = new Map<string, Uint8Array>();
  await (await BertLM.fromPretrained(folderOf('bert-causal'))).savePretrained(files);
  const config = JSON.parse(new TextDecoder().decode(files.get('config.json')));
  files.set('config.json', new TextEncoder().encode(JSON.stringify({ ...config, is_decoder: false })));
  await expect(AutoModel.fromPretrained(files)).rejects.toThrow('is_decoder: expected true');
});
