// The other heads: tokens, numbers, series. They learn, answer in order, and come back from their folders.
import { crossEntropy, init, mseLoss, randn, scope, tensor } from '@heddle/tensor';
import { AdamW } from '@heddle/tensor/optim';
import { Tokenizer } from '@heddle/tokenizer';
import { beforeAll, describe, expect, it } from 'vitest';
import { Forecaster, TextRegressor, TokenClassifier } from '../src/index';

const texts = ['ada wrote to bob', 'bob saw ada', 'they wrote and saw', 'one star', 'two star', 'five star'];
const size = { dim: 16, layers: 1, heads: 2, maxLength: 16, dropout: 0 } as const;
let tokenizer: Tokenizer;

beforeAll(async () => {
  await init({ backend: 'wasm', seed: 4 });
  tokenizer = await Tokenizer.train(texts, { model: 'wordlevel', vocabSize: 50 });
});

describe('TokenClassifier', () => {
  const isName = (token: string): boolean => token === 'ada' || token === 'bob';

  it('learns names, and comes back from its folder', async () => {
    const model = new TokenClassifier({ ...size, vocabSize: tokenizer.vocabSize, labels: ['O', 'NAME'] });
    const batch = tokenizer.encodeBatch(texts, { padding: true });
    const targets = Array.from(batch.ids, (id, i) =>
      batch.mask[i] === 0 ? -100 : Number(isName(tokenizer.idToToken(id) ?? '')),
    );
    const optimizer = new AdamW(model.parameters(), { lr: 2e-2 });
    for (let step = 0; step < 30; step++) {
      crossEntropy(model.call(batch), targets).backward();
      optimizer.step();
    }
    const files = new Map<string, Uint8Array>();
    await model.save(files, { tokenizer });
    const loaded = await TokenClassifier.load(files, { tokenizer });
    const found = await loaded.predict(['bob wrote to ada', 'saw bob'], { batchSize: 2 });
    for (const [i, text] of ['bob wrote to ada', 'saw bob'].entries())
      for (const { token, start, end, label, score } of found[i]) {
        expect(label, token).toBe(isName(token) ? 'NAME' : 'O');
        expect(score).toBeGreaterThan(0.5);
        if (end > start) expect(text.slice(start, end)).toBe(token);
      }
    await expect(TokenClassifier.load(new Map([...files].filter(([name]) => name !== 'config.json')))).rejects.toThrow(
      'config.json',
    );
  });
});

describe('TextRegressor', () => {
  it('learns numbers, and comes back from its folder', async () => {
    const model = new TextRegressor({ ...size, vocabSize: tokenizer.vocabSize, outputs: 2 });
    const batch = tokenizer.encodeBatch(texts.slice(3), { padding: true });
    const optimizer = new AdamW(model.parameters(), { lr: 2e-2 });
    for (let step = 0; step < 80; step++) {
      mseLoss(
        model.call(batch),
        tensor([
          [1, -1],
          [2, -2],
          [5, -5],
        ]),
      ).backward();
      optimizer.step();
    }
    const files = new Map<string, Uint8Array>();
    await model.save(files, { tokenizer });
    const loaded = await TextRegressor.load(files, { tokenizer });
    const [[one, minusOne], [five]] = await loaded.predict(['one star', 'five star']);
    expect(one).toBeCloseTo(1, 0);
    expect(minusOne).toBeCloseTo(-1, 0);
    expect(five).toBeCloseTo(5, 0);
    expect(() => new TextRegressor({ ...size, vocabSize: 9, outputs: 0 })).toThrow('outputs');
  });
});

describe('Forecaster', () => {
  it('learns how a wave goes on, at any level', async () => {
    const model = new Forecaster({ features: 1, context: 16, horizon: 4, dim: 16, layers: 1, heads: 2 });
    const wave = (start: number, level: number, length: number): number[][] =>
      Array.from({ length }, (_, t) => [level + Math.sin((start + t) / 2)]);
    const optimizer = new AdamW(model.parameters(), { lr: 5e-3 });
    let last = 0;
    for (let step = 0; step < 120; step++) {
      const starts = Array.from({ length: 16 }, (_, i) => step * 0.37 + i * 1.9);
      const loss = mseLoss(
        model.call(tensor(starts.map((s) => wave(s, step % 5, 16)))),
        tensor(starts.map((s) => wave(s + 16, step % 5, 4))),
      );
      loss.backward();
      optimizer.step();
      last = await loss.item();
    }
    expect(last).toBeLessThan(0.05);
    const next = await scope(() => model.call(tensor([wave(3.3, 1_000, 16)]))).data();
    next.forEach((x, t) => {
      expect(Math.abs(x - (1_000 + Math.sin((19.3 + t) / 2)))).toBeLessThan(0.5);
    });
  });

  it('refuses series of another shape, and settings that are wrong', () => {
    const config = { features: 2, context: 4, horizon: 1, dim: 8, layers: 1, heads: 2 };
    expect(() => new Forecaster(config).call(randn([1, 5, 2]))).toThrow('[batch, 4, 2]');
    expect(() => new Forecaster({ ...config, horizon: 0, layers: -1 })).toThrow(/horizon.*layers/);
  });
});
