// SequenceClassifier: learning, padding, answers, what attention shows, memory, and folders.
import { binaryCrossEntropy, crossEntropy, init, memory, noGrad, tensor } from '@heddle/tensor';
import { AdamW } from '@heddle/tensor/optim';
import { Tokenizer } from '@heddle/tokenizer';
import { beforeAll, describe, expect, it } from 'vitest';
import { SequenceClassifier } from '../src/index';

const texts = [
  'win a free prize now',
  'claim your free cash prize',
  'free cash, win now',
  'lunch on friday at noon?',
  'the meeting is on friday',
  'see you at the meeting',
];
const classes = [1, 1, 1, 0, 0, 0];
const labels = ['ham', 'spam'];
const config = { dim: 16, layers: 2, heads: 2, labels, maxLength: 32, dropout: 0 } as const;
let tokenizer: Tokenizer;

beforeAll(async () => {
  await init({ backend: 'wasm', seed: 3 });
  tokenizer = await Tokenizer.train(texts, { model: 'wordpiece', vocabSize: 200 });
});

const fresh = (more: object = {}) => new SequenceClassifier({ ...config, vocabSize: tokenizer.vocabSize, ...more });

function train(model: SequenceClassifier, steps: number): void {
  const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
  const batch = tokenizer.encodeBatch(texts, { padding: true });
  for (let step = 0; step < steps; step++) {
    crossEntropy(model.call(batch), classes).backward();
    optimizer.step();
  }
}

describe.each([
  { pooling: 'cls' },
  { pooling: 'mean' },
  { pooling: 'attention' },
  { pooling: 'max' },
  { pooling: 'meanMax' },
  { pooling: 'mean', positions: 'rope', norm: 'rms', activation: 'silu', gated: true, kvHeads: 1 },
  { pooling: 'mean', positions: 'sinusoidal', placement: 'post' },
  { pooling: 'mean', positions: 'alibi', placement: 'sandwich' },
] as const)('%o', (options) => {
  it('learns', async () => {
    const model = fresh(options);
    train(model, 40);
    const answers = await model.predict([...texts, 'claim your free prize now', 'the meeting on friday'], {
      tokenizer,
    });
    expect(answers.map(({ label }) => label)).toEqual([...classes.map((c) => labels[c]), 'spam', 'ham']);
    for (const { score, scores, label } of answers) {
      expect(score).toBe(scores[label]);
      expect(scores['ham'] + scores['spam']).toBeCloseTo(1, 6);
    }
  });

  it('gives the same whatever a text is padded to, and whatever stands in the padding', async () => {
    const model = fresh(options).eval();
    const row = tokenizer.encode(texts[0]).ids;
    const short = await model.call({ ids: tensor([row], { dtype: 'int32' }) }).data();
    const wide = [...row, 7, 9, 11];
    const mask = [...row.map(() => true), false, false, false];
    const long = await model.call({ ids: tensor([wide], { dtype: 'int32' }), mask: tensor([mask]) }).data();
    for (let i = 0; i < short.length; i++) expect(long[i]).toBeCloseTo(short[i], 5);
  });

  it('shows what it attended to, a weight a token', async () => {
    const model = fresh(options);
    const all = await model.attentionOver([texts[3], texts[0]], { tokenizer, batchSize: 2 });
    all.forEach((tokens, i) => {
      const text = [texts[3], texts[0]][i];
      expect(tokens.map(({ token }) => token)).toEqual(tokenizer.encode(text).tokens);
      expect(tokens.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 4);
      for (const { token, start, end } of tokens) if (end > start) expect(token).toContain(text.slice(start, end)[0]);
    });
  });
});

describe('predict', () => {
  it('keeps the order of the texts, however they are batched', async () => {
    const model = fresh();
    const mixed = ['win', ...texts, '', 'a much longer text about lunch and prizes and meetings and cash'];
    const together = await model.predict(mixed, { tokenizer, batchSize: 100 });
    const alone = await model.predict(mixed, { tokenizer, batchSize: 1 });
    together.forEach((answer, i) => {
      expect(answer.score).toBeCloseTo(alone[i].score, 5);
    });
    expect(await model.predict([], { tokenizer })).toEqual([]);
  });

  it('leaves no buffer behind, and training mode as it was', async () => {
    const model = fresh();
    await model.predict(texts, { tokenizer });
    await model.attentionOver(texts, { tokenizer });
    const before = memory().buffers;
    await model.predict(texts, { tokenizer, batchSize: 2 });
    await model.attentionOver(texts, { tokenizer });
    expect(memory().buffers).toBe(before);
    expect(model.training).toBe(true);
    model.eval();
    await model.predict(texts, { tokenizer });
    expect(model.training).toBe(false);
  });

  it('cuts long texts off', async () => {
    const [answer] = await fresh().predict([Array(500).fill('win').join(' ')], { tokenizer });
    expect(answer.score).toBeGreaterThan(0);
  });

  it('asks for a tokenizer, of no larger vocabulary', async () => {
    await expect(fresh().predict(texts)).rejects.toThrow('tokenizer');
    const small = fresh({ vocabSize: 5 });
    await expect(small.predict(texts, { tokenizer })).rejects.toThrow('vocabulary of at most 5');
  });
});

describe('bad input', () => {
  it('lists every wrong setting', () => {
    const make = () => fresh({ dim: 0, layers: 1.5, labels: ['one'], pooling: 'median', dropout: 1 });
    for (const name of ['dim', 'layers', 'labels', 'pooling', 'dropout']) expect(make).toThrow(`${name}: expected`);
    expect(() => fresh({ labels: ['a', 'a'] })).toThrow('different labels');
    expect(() => fresh({ heads: 3 })).toThrow('heads');
  });

  it('refuses absurd sizes before it asks for memory', () => {
    const before = memory().bytes;
    expect(() => fresh({ dim: 65_536, layers: 1_000 })).toThrow('parameters');
    expect(memory().bytes).toBe(before);
  });

  it('refuses ids outside the vocabulary, rows beyond maxLength, columns of another size', () => {
    const model = fresh();
    const batch = (ids: number[], more: object = {}) => ({
      ids: Int32Array.from(ids),
      mask: new Int32Array(ids.length).fill(1),
      shape: [1, ids.length] as const,
      ...more,
    });
    expect(() => model.call(batch([1, tokenizer.vocabSize]))).toThrow('ids');
    expect(() => model.call(batch([1, -1]))).toThrow('ids');
    expect(() => model.call(batch(Array(33).fill(1)))).toThrow('maxLength = 32');
    expect(() => model.call(batch([1, 2], { mask: new Int32Array(3) }))).toThrow('mask');
    expect(() => model.call({ ids: tensor(new Int32Array(3)) })).toThrow('[batch, tokens]');
  });

  it('answers finitely for rows of padding alone, and for none', async () => {
    for (const pooling of ['cls', 'mean', 'max', 'meanMax', 'attention'] as const) {
      const model = fresh({ pooling }).eval();
      const empty = { ids: new Int32Array(4), mask: new Int32Array(4), shape: [2, 2] as const };
      for (const x of await noGrad(() => model.call(empty)).data()) expect(x).toBeTypeOf('number');
      expect(
        await noGrad(() =>
          model.call({ ...empty, ids: new Int32Array(0), mask: new Int32Array(0), shape: [2, 0] }),
        ).data(),
      ).toSatisfy((values: Float32Array) => values.every(Number.isFinite));
    }
  });
});

describe('folders', () => {
  const saved = async () => {
    const model = fresh();
    train(model, 20);
    const files = new Map<string, Uint8Array>();
    await model.save(files, { tokenizer });
    return { model, files };
  };

  it('come back with the same answers', async () => {
    const { model, files } = await saved();
    expect([...files.keys()].sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    const text = new TextDecoder().decode(files.get('tokenizer.json'));
    const loaded = await SequenceClassifier.load(files, { tokenizer: await Tokenizer.fromJSON(text) });
    expect(await loaded.predict(texts)).toEqual(await model.predict(texts, { tokenizer }));
    expect(loaded.config).toEqual(model.config);
  });

  it('say what kind of problem it is, and where they say none each text has one label', async () => {
    const model = fresh({ problemType: 'multi_label_classification' });
    const optimizer = new AdamW(model.parameters(), { lr: 1e-2 });
    const batch = tokenizer.encodeBatch(texts, { padding: true });
    // Spam, and something that all texts are.
    const targets = classes.map((spam) => [1, spam]);
    for (let step = 0; step < 40; step++) {
      binaryCrossEntropy(model.call(batch), tensor(targets)).backward();
      optimizer.step();
    }
    const files = new Map<string, Uint8Array>();
    await model.save(files);
    const several = await (await SequenceClassifier.load(files, { tokenizer })).predict(texts);
    for (const [i, { scores }] of several.entries()) {
      expect(scores.ham).toBeGreaterThan(0.5);
      expect(scores.spam > 0.5).toBe(classes[i] === 1);
    }
    const { problemType, ...older } = JSON.parse(new TextDecoder().decode(files.get('config.json')));
    expect(problemType).toBe('multi_label_classification');
    files.set('config.json', new TextEncoder().encode(JSON.stringify(older)));
    for (const { scores } of await (await SequenceClassifier.load(files, { tokenizer })).predict(texts))
      expect(scores.ham + scores.spam).toBeCloseTo(1, 5);
    expect(() => fresh({ problemType: 'regression' })).toThrow(/problemType: expected one of/);
  });

  it('say everything that is wrong with a config', async () => {
    const { files } = await saved();
    const change = (fields: object) => {
      const config = JSON.parse(new TextDecoder().decode(files.get('config.json')));
      const bytes = new TextEncoder().encode(JSON.stringify({ ...config, ...fields }));
      return SequenceClassifier.load(new Map([...files, ['config.json', bytes]]));
    };
    await expect(change({ dim: 'wide', heads: -1, more: 1 })).rejects.toThrow(/dim: .*heads: .*more: unknown/);
    await expect(change({ model_type: 'bert' })).rejects.toThrow('model_type');
    await expect(change({ version: 2 })).rejects.toThrow('version');
    await expect(change({ dim: 32 })).rejects.toThrow(/of another shape: .*token_embedding.*classifier/);
    await expect(change({ layers: 3 })).rejects.toThrow('missing: ');
    await expect(change({ layers: 1 })).rejects.toThrow('unexpected: ');
  });

  it('refuse damaged files', async () => {
    const { files } = await saved();
    const without = (name: string) => new Map([...files].filter(([key]) => key !== name));
    await expect(SequenceClassifier.load(without('config.json'))).rejects.toThrow('config.json');
    await expect(SequenceClassifier.load(without('model.safetensors'))).rejects.toThrow();
    const cut = files.get('model.safetensors')!.slice(0, -10);
    await expect(SequenceClassifier.load(new Map([...files, ['model.safetensors', cut]]))).rejects.toThrow('cut off');
    const garbage = new Map([...files, ['config.json', new TextEncoder().encode('{"dim": ')]]);
    await expect(SequenceClassifier.load(garbage)).rejects.toThrow('not JSON');
  });
});
