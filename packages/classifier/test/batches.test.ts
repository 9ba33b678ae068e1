// Texts answer alike alone and among others: of no token, of one, of as many as fit, and of more.
import { init, memory } from '@heddle/tensor';
import { Tokenizer } from '@heddle/tokenizer';
import { beforeAll, describe, expect, it } from 'vitest';
import { SequenceClassifier, SpanClassifier, TextRegressor, TokenClassifier } from '../src/index';

const corpus = 'who what ada wrote the first program café New-York';
const words = [
  'ada',
  'wrote',
  'cafés',
  '😀',
  'New-York!',
  '...',
  '',
  ' ',
  '\u0000',
  'x'.repeat(40),
  '\ud800',
  'the first',
];
/** From no word to more than the models read. */
const texts = Array.from({ length: 36 }, (_, n) =>
  Array.from({ length: n % 18 }, (_, i) => words[(7 * n + 5 * i) % words.length]).join(n % 5 === 0 ? '' : ' '),
);
const labels = ['O', 'B-A', 'I-A', 'B-B'];

beforeAll(() => init({ backend: 'wasm', seed: 9 }));

/** Results whose numbers may differ a little. */
function near(found: unknown): unknown {
  if (typeof found === 'number') return Number.isInteger(found) ? found : expect.closeTo(found, 4);
  if (Array.isArray(found)) return found.map(near);
  if (typeof found !== 'object' || found === null) return found;
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, near(value)]));
}

describe.each(['wordpiece', 'bpe', 'unigram', 'wordlevel'] as const)('%s', (kind) => {
  let tokenizer: Tokenizer;
  let size: { vocabSize: number; dim: number; layers: number; heads: number; maxLength: number; typeCount: number };
  beforeAll(async () => {
    tokenizer = await Tokenizer.train([corpus], { model: kind, vocabSize: 120 });
    size = { vocabSize: tokenizer.vocabSize, dim: 16, layers: 1, heads: 2, maxLength: 12, typeCount: 2 };
  });

  async function sameAlone<Row>(
    rows: readonly Row[],
    ask: (rows: readonly Row[], batchSize: number) => Promise<unknown[]>,
  ) {
    const before = memory().buffers;
    const together = await ask(rows, 7);
    expect(together).toHaveLength(rows.length);
    expect(memory().buffers).toBe(before);
    for (const [i, row] of rows.entries())
      expect((await ask([row], 1))[0], JSON.stringify(row)).toEqual(near(together[i]));
    expect(await ask([], 1)).toEqual([]);
  }
  const pairs = texts.map((text, i) => ({ text, pair: texts[(i * 5 + 3) % texts.length] }));

  it.each(['mean', 'cls', 'max', 'meanMax', 'attention'] as const)('SequenceClassifier: %s', async (pooling) => {
    const model = new SequenceClassifier({ ...size, labels, pooling });
    await sameAlone(texts, (rows, batchSize) => model.predict(rows, { tokenizer, batchSize }));
    await sameAlone(pairs, (rows, batchSize) => model.predict(rows, { tokenizer, batchSize }));
    await sameAlone(texts, (rows, batchSize) => model.attentionOver(rows, { tokenizer, batchSize }));
  });

  it('TextRegressor', async () => {
    const model = new TextRegressor({ ...size, outputs: 2 });
    await sameAlone(texts, (rows, batchSize) => model.predict(rows, { tokenizer, batchSize }));
    await sameAlone(pairs, (rows, batchSize) => model.predict(rows, { tokenizer, batchSize }));
  });

  it('TokenClassifier', async () => {
    const model = new TokenClassifier({ ...size, labels });
    await sameAlone(texts, (rows, batchSize) => model.predict(rows, { tokenizer, batchSize }));
    for (const aggregation of ['simple', 'first', 'average', 'max'] as const)
      await sameAlone(texts, async (rows, batchSize) => {
        const found = await model.predict(rows, { tokenizer, batchSize, aggregation, ignoreLabels: [] });
        found.forEach((entities, i) => {
          for (const { text, start, end } of entities) expect(rows[i].slice(start, end)).toBe(text);
        });
        return found;
      });
  });

  it('SpanClassifier', async () => {
    const model = new SpanClassifier(size);
    const rows = texts.map((context) => ({ question: 'who', context }));
    await sameAlone(rows, async (asked, batchSize) => {
      const found = await model.predict(asked, { tokenizer, batchSize, topK: 3, noAnswer: true });
      found.forEach((answers, i) => {
        for (const { text, start, end } of answers) expect(asked[i].context.slice(start, end)).toBe(text);
      });
      return found;
    });
  });
});
