// Real checkpoints give the outputs recorded beside them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { init, tensor } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { Bert, Bloom, Gpt2, Llama, T5, Vit } from '../../src/index';
import { expectNumbers } from '../support/fixture';
import { valuesOf } from '../support/model-fixture';
import { checkpoints } from '../support/shared';

const folder = (name: string): string => join(checkpoints ?? '', name);
const expected = (name: string) => JSON.parse(readFileSync(join(folder(name), 'expected.json'), 'utf8'));
const ids = (rows: number[][]) => tensor(rows, { dtype: 'int32' });

describe.skipIf(checkpoints === undefined)('real checkpoints', () => {
  beforeAll(async () => {
    await init({ backend: 'wasm' });
  });

  it.each([
    ['stories260K', Llama.fromPretrained],
    ['babyllama-tok105', Llama.fromPretrained],
    ['tiny-random-gpt2', Gpt2.fromPretrained],
  ] as const)('%s: logits, and greedy text token for token', async (name, load) => {
    const model = await load(folder(name));
    const { cases, greedy, greedy_from_bos: fromBos } = expected(name);
    for (const { input_ids: prompt, logits } of cases)
      expectNumbers(await valuesOf(() => model.call({ ids: ids([prompt]) })), logits, `${name}: logits`, 1e-4);
    for (const { prompt, greedy: next } of greedy) {
      const [{ newIds }] = await model.generate([prompt], { maxNewTokens: next.length, eosIds: [] });
      expect(newIds).toEqual(next);
    }
    if (fromBos === undefined) return;
    const [{ ids: text }] = await model.generate([[fromBos[0]]], { maxNewTokens: fromBos.length - 1, eosIds: [] });
    expect(text).toEqual(fromBos);
  });

  it('tiny BERT: hidden states and logits', async () => {
    const name = 'tiny-BertForSequenceClassification';
    const model = await Bert.fromPretrained(folder(name));
    for (const { input_ids, attention_mask, token_type_ids, last_hidden_state, logits } of expected(name).cases) {
      const batch = { ids: ids(input_ids), mask: ids(attention_mask), typeIds: ids(token_type_ids) };
      expectNumbers(await valuesOf(() => model.hidden(batch)), last_hidden_state, 'hidden states');
      expectNumbers(await valuesOf(() => model.call(batch)), logits, 'logits');
    }
  });

  it('tiny T5: encoder and logits', async () => {
    const name = 'tiny-T5ForConditionalGeneration';
    const model = await T5.fromPretrained(folder(name));
    for (const { input_ids, attention_mask, decoder_input_ids, encoder_last_hidden_state, logits } of expected(name)
      .cases) {
      const source = { ids: ids(input_ids), mask: ids(attention_mask) };
      expectNumbers(await valuesOf(() => model.encode(source)), encoder_last_hidden_state, 'encoder');
      expectNumbers(await valuesOf(() => model.call(source, { ids: ids(decoder_input_ids) })), logits, 'logits');
    }
  });

  it('tiny BLOOM: loads and writes', async () => {
    const model = await Bloom.fromPretrained(folder('tiny-BloomForCausalLM'));
    const [{ newIds }] = await model.generate([[5, 6, 7]], { maxNewTokens: 5 });
    expect(newIds.length).toBeGreaterThan(0);
  });

  it('a Vision Transformer of digits: hidden states', async () => {
    const model = await Vit.fromPretrained(folder('vit-mnist'));
    for (const { pixels, last_hidden_state_cls: first } of expected('vit-mnist').cases) {
      const image = tensor(
        Float32Array.from(pixels, (p: number) => (p / 255 - 0.1307) / 0.3081),
        { shape: [1, 1, 28, 28], dtype: 'float32' },
      );
      expectNumbers(await valuesOf(() => model.call(image).select(1, 0)), first, 'first token');
    }
  });
});
