// Wrong calls of the heads: each error names the argument; none hangs, and none answers.
import { ArgumentError, init } from '@heddle/tensor';
import { Tokenizer } from '@heddle/tokenizer';
import { beforeAll, describe, expect, it } from 'vitest';
import { Forecaster, SequenceClassifier, SpanClassifier, TextRegressor, TokenClassifier, zeroShot } from '../src/index';

let tokenizer: Tokenizer;
let base: { vocabSize: number; dim: number; layers: number; heads: number; maxLength: number };
beforeAll(async () => {
  await init({ backend: 'wasm', seed: 1 });
  tokenizer = await Tokenizer.train(['who what ada wrote the first program'], { model: 'wordpiece', vocabSize: 120 });
  base = { vocabSize: tokenizer.vocabSize, dim: 16, layers: 1, heads: 2, maxLength: 16 };
});

/** What a call from a program without types throws. */
async function thrown(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(ArgumentError);
    return error;
  }
  return null;
}

describe.each(['SequenceClassifier', 'TokenClassifier', 'TextRegressor'])('%s', (kind) => {
  const heads = { SequenceClassifier, TokenClassifier, TextRegressor };
  const make = () => {
    if (kind === 'TextRegressor') return new TextRegressor(base);
    return new (kind === 'TokenClassifier' ? TokenClassifier : SequenceClassifier)({ ...base, labels: ['a', 'b'] });
  };

  it('predict', async () => {
    const model = make();
    const predict = (...args: readonly unknown[]): unknown => Reflect.apply(model.predict, model, args);
    for (const texts of ['ada', undefined, null, { 0: 'ada' }])
      expect(await thrown(() => predict(texts, { tokenizer }))).toMatchObject({ op: kind, argument: 'texts' });
    for (const [argument, texts] of Object.entries({
      'texts[1]': ['ada', null],
      'texts[0]': [5],
      'texts[0].text': [{ pair: 'ada' }],
      'texts[0].pair': [{ text: 'ada', pair: null }],
      'texts[2]': ['ada', 'who', { text: 'ada', pair: 'who' }],
    }))
      expect(await thrown(() => predict(texts, { tokenizer }))).toMatchObject({ op: kind, argument });
    expect(await thrown(() => predict(['ada'], null))).toMatchObject({ argument: 'tokenizer' });
    for (const batchSize of [0, -1, 1.5, Number.NaN])
      expect(await thrown(() => predict(['ada'], { tokenizer, batchSize }))).toMatchObject({ argument: 'batchSize' });
    for (const wrong of [undefined, {}])
      expect(await thrown(() => predict(['ada'], { tokenizer: wrong }))).toMatchObject({ argument: 'tokenizer' });
  });

  it('takes null for no options', async () => {
    const model = make();
    const files = new Map<string, Uint8Array>();
    await Reflect.apply(model.save, model, [files, null]);
    const Head = Reflect.get(heads, kind);
    expect(await Reflect.apply(Head.load, Head, [files, null])).toMatchObject({ config: model.config });
    expect(Reflect.construct(Head, [model.config, null])).toMatchObject({ config: model.config });
    for (const wrong of [{}, { ...tokenizer, encode: tokenizer.encode, vocabSize: 1e6 }])
      expect(await thrown(() => Reflect.apply(Head.load, Head, [files, { tokenizer: wrong }]))).toMatchObject({
        op: 'load',
        argument: 'tokenizer',
      });
  });

  it('call', async () => {
    const model = make();
    const ids = Int32Array.of(1, 2);
    for (const batch of [undefined, 'ada', [[1, 2]], {}])
      expect(await thrown(() => Reflect.apply(model.call, model, [batch]))).toMatchObject({ argument: 'batch' });
    for (const [argument, batch] of Object.entries({
      ids: { ids: [1, 2], mask: ids, shape: [1, 2] },
      mask: { ids, shape: [1, 2] },
      typeIds: { ids, mask: ids, typeIds: [0, 0], shape: [1, 2] },
    }))
      expect(await thrown(() => Reflect.apply(model.call, model, [batch]))).toMatchObject({ argument });
  });

  it('settings', async () => {
    const Head = Reflect.get(heads, kind);
    for (const config of [undefined, null, 5])
      expect(await thrown(() => Reflect.construct(Head, [config]))).toMatchObject({ argument: 'config' });
    const outside = { ...base, labels: ['a', 'b'], padId: base.vocabSize };
    if (kind !== 'TextRegressor')
      expect(await thrown(() => Reflect.construct(Head, [outside]))).toMatchObject({ argument: 'padId' });
  });
});

it('SpanClassifier', async () => {
  const model = new SpanClassifier(base);
  const rows = [{ question: 'who', context: 'ada wrote the first program' }];
  const predict = (...args: readonly unknown[]): unknown => Reflect.apply(model.predict, model, args);
  for (const [argument, values] of Object.entries({
    batchSize: [0, -1, 1.5, Number.NaN],
    maxAnswer: [0, -1, 1.5, Number.NaN],
    stride: [-1, 0.5, Number.NaN, null],
    topK: [0, -1, 1.5, Number.NaN, null],
    maxLength: [0, 1.5, base.maxLength + 1, null],
  }))
    for (const value of values)
      expect(await thrown(() => predict(rows, { tokenizer, [argument]: value }))).toMatchObject({ argument });
  const batch = (...args: readonly unknown[]): unknown => Reflect.apply(model.batch, model, args);
  for (const work of [predict, batch]) {
    for (const [argument, row] of Object.entries({
      'rows[0].question': null,
      'rows[0].context': { question: 'who', context: null },
    }))
      expect(await thrown(() => work([row], { tokenizer }))).toMatchObject({ argument });
    expect(await thrown(() => work(rows, null))).toMatchObject({ argument: 'tokenizer' });
  }
  for (const answer of [5, 'ada', [0], ['a', 'b']])
    expect(await thrown(() => batch([{ ...rows[0], answer }], { tokenizer }))).toMatchObject({
      argument: 'rows[0].answer',
    });
  for (const wrong of [undefined, rows[0], 'who']) {
    expect(await thrown(() => predict(wrong, { tokenizer }))).toMatchObject({ argument: 'rows' });
    expect(await thrown(() => batch(wrong, { tokenizer }))).toMatchObject({ argument: 'rows' });
  }
});

it('TokenClassifier, aggregation', async () => {
  const model = new TokenClassifier({ ...base, labels: ['O', 'B-A'] });
  const predict = (options: object): unknown => Reflect.apply(model.predict, model, [['ada'], options]);
  for (const aggregation of ['mean', null, 5])
    expect(await thrown(() => predict({ tokenizer, aggregation }))).toMatchObject({ argument: 'aggregation' });
  for (const ignoreLabels of ['O', null])
    expect(await thrown(() => predict({ tokenizer, aggregation: 'max', ignoreLabels }))).toMatchObject({
      argument: 'ignoreLabels',
    });
  // Without words only those ways work that need none.
  const wordless = {
    vocabSize: tokenizer.vocabSize,
    encode: (text: string) => ({ ...tokenizer.encode(text), wordIds: undefined }),
    encodeBatch: tokenizer.encodeBatch.bind(tokenizer),
  };
  expect(await predict({ tokenizer: wordless, aggregation: 'simple', ignoreLabels: [] })).toEqual(
    await predict({ tokenizer, aggregation: 'simple', ignoreLabels: [] }),
  );
  expect(await thrown(() => predict({ tokenizer: wordless, aggregation: 'first' }))).toMatchObject({
    argument: 'tokenizer',
  });
});

it('zeroShot', async () => {
  const model = new SequenceClassifier({ ...base, typeCount: 2, labels: ['contradiction', 'entailment'] }).eval();
  const ask = (...args: readonly unknown[]): unknown => Reflect.apply(zeroShot, null, [model, 'ada', ...args]);
  for (const batchSize of [0, -1, 1.5, Number.NaN])
    expect(await thrown(() => ask(['x', 'y'], { tokenizer, batchSize }))).toMatchObject({ argument: 'batchSize' });
  expect(await thrown(() => ask('xy', { tokenizer }))).toMatchObject({ argument: 'labels' });
  expect(await thrown(() => ask(['x', null], { tokenizer }))).toMatchObject({ argument: 'labels[1]' });
  expect(await thrown(() => ask(['x'], { tokenizer, template: null }))).toMatchObject({ argument: 'template' });
  expect(await thrown(() => Reflect.apply(zeroShot, null, [model, null, ['x'], { tokenizer }]))).toMatchObject({
    argument: 'text',
  });
  for (const options of [undefined, {}, { tokenizer: {} }])
    expect(await thrown(() => ask(['x'], options))).toMatchObject({ argument: 'tokenizer' });
});

it('zeroShot cuts a long text, not the label, and takes a label as it is', async () => {
  const model = new SequenceClassifier({ ...base, typeCount: 2, labels: ['contradiction', 'entailment'] }).eval();
  const long = 'ada wrote the first program '.repeat(9);
  const labels = ['ada', 'who wrote'];
  const template = 'the {}';
  const kept = tokenizer.encode(long, {
    pair: 'the who wrote',
    truncation: { maxLength: base.maxLength, stride: 0, strategy: 'onlyFirst' },
  });
  expect(kept.ids).toHaveLength(base.maxLength);
  expect(kept.ids.slice(-4, -1)).toEqual(tokenizer.encode('the who wrote', { addSpecialTokens: false }).ids);
  expect(await zeroShot(model, long, labels, { tokenizer, template })).toHaveLength(2);

  const asked: (string | undefined)[] = [];
  const heard = new Proxy(tokenizer, {
    get: (target, name) =>
      name === 'encode'
        ? (text: string, options?: { pair?: string }) => {
            asked.push(options?.pair);
            return target.encode(text, options);
          }
        : Reflect.get(target, name),
  });
  await zeroShot(model, 'ada', ["$& $$ $'"], { tokenizer: heard, template });
  expect(asked).toEqual(["the $& $$ $'"]);
});

it('names what is no config, no target and no state', async () => {
  for (const config of [undefined, null, 5])
    expect(() => Reflect.construct(Forecaster, [config])).toThrow(
      /^Forecaster: config: expected an object of settings/,
    );
  const model = new TextRegressor({ vocabSize: 9, dim: 8, layers: 1, heads: 2 });
  for (const target of [5, null, undefined, ''])
    await expect(Reflect.apply(model.save, model, [target])).rejects.toThrow(
      /^save: target: expected the path of a folder/,
    );
  for (const state of [null, undefined, {}])
    expect(() => Reflect.apply(model.loadStateDict, model, [state])).toThrow(/^loadStateDict: state: expected a Map/);
});
