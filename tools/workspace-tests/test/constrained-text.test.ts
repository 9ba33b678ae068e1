// Generated text and real tokenizers: @heddle/tokenizer fits @heddle/attention's TextCodec, whatever its vocabulary is cut
// into, and what is held to a form has it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Gpt2, gpt2Config, Llama, T5, t5Config } from '@heddle/attention';
import { init } from '@heddle/tensor';
import { Tokenizer } from '@heddle/tokenizer';
import { beforeAll, describe, expect, test } from 'vitest';
import { root } from './workspace';

const texts = [
  'The café costs 12 € — 😀 "quoted" {"a": [1, 2]}',
  'numbers 2024-05-06 and 1999-12-31, true, false, null',
  'abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 .,:;-_{}[]"',
];
const schema = {
  type: 'object',
  properties: { name: { type: 'string', pattern: '^[a-z ]{1,8}$' }, n: { type: 'integer', minimum: 3, maximum: 42 } },
  required: ['name', 'n'],
} as const;
const shared = join(process.env['HEDDLE_SHARED'] ?? join(root, '../shared'), 'fixtures/models');
const folder = existsSync(shared) ? shared : undefined;
if (folder === undefined)
  console.log('skipped: real checkpoints: no folder shared/fixtures/models beside the repository');

beforeAll(async () => {
  await init({ seed: 4 });
});

describe.each(['bpe', 'unigram'] as const)('a tokenizer of kind %s', (kind) => {
  let tokenizer: Tokenizer;
  let model: Gpt2;
  beforeAll(async () => {
    tokenizer = await Tokenizer.train(texts, { model: kind, vocabSize: 330 });
    const { vocabSize } = tokenizer;
    model = new Gpt2(gpt2Config({ vocabSize, dim: 16, layers: 1, heads: 2, eosIds: [], maxLength: 128 })).eval();
  });

  test.each([/ ?\d{4}-\d\d-\d\d/, /[a-z]{3}( [a-z]{2}){2}/, /(true|false|null)?/, / "quoted"/])(
    '%s',
    async (pattern) => {
      const options = { tokenizer, pattern, temperature: 2, seed: 3, returnSequences: 4, maxNewTokens: 40 };
      for (const { text } of await model.generate(['The'], options))
        expect(text).toMatch(new RegExp(`^(?:${pattern.source})$`));
    },
  );

  test('a schema, as generate has it and as the tokenizer decodes it', async () => {
    const options = { tokenizer, schema, temperature: 2, seed: 3, returnSequences: 4, maxNewTokens: 60 };
    for (const { text, newIds } of await model.generate(['The'], options)) {
      const { name, n } = JSON.parse(text);
      expect(name).toMatch(/^[a-z ]{1,8}$/);
      expect(n >= 3 && n <= 42).toBe(true);
      expect(tokenizer.decode(newIds)).toBe(text);
    }
  });

  test('answers, whose first word loses its space', async () => {
    const { vocabSize } = tokenizer;
    const settings = { vocabSize, dim: 16, headDim: 8, hiddenDim: 16, layers: 1, heads: 2, eosIds: [] };
    const own = new T5(t5Config(settings)).eval();
    for (const pattern of [/quoted [a-z]{2}/, /\d{4}-\d\d/]) {
      const options = { tokenizer, pattern, temperature: 2, seed: 3, returnSequences: 4, maxNewTokens: 20 };
      for (const { text, newIds } of await own.generate(['The'], options)) {
        expect(text).toMatch(new RegExp(`^${pattern.source}$`));
        expect(tokenizer.decode(newIds)).toBe(text);
      }
    }
  });

  test('characters of several tokens', async () => {
    if (kind !== 'bpe') return;
    const pattern = /[\u{1F600}-\u{1F64F}é€ж]{2,4}/u;
    const options = { tokenizer, pattern, temperature: 3, seed: 5, returnSequences: 6, maxNewTokens: 16 };
    for (const { text } of await model.generate(['The'], options))
      expect(text).toMatch(/^[\u{1F600}-\u{1F64F}é€ж]{2,4}$/u);
  });
});

test('words of WordPiece: behind a prompt with a space, first in an answer without', async () => {
  const tokenizer = await Tokenizer.train(texts, { model: 'wordpiece', vocabSize: 330 });
  const { vocabSize } = tokenizer;
  const sizes = { vocabSize, dim: 16, layers: 1, heads: 2, eosIds: [] };
  const continuing = new Gpt2(gpt2Config({ ...sizes, maxLength: 64 })).eval();
  const answering = new T5(t5Config({ ...sizes, headDim: 8, hiddenDim: 16 })).eval();
  const options = { tokenizer, temperature: 2, seed: 3, returnSequences: 4 };
  for (const { text } of await continuing.generate(['the'], { ...options, pattern: /( [a-z]{2,6}){2}/ }))
    expect(text).toMatch(/^( [a-z]{2,6}){2}$/);
  for (const { text, newIds } of await answering.generate(['the'], { ...options, pattern: /[a-z]{2,6} quoted/ })) {
    expect(text).toMatch(/^[a-z]{2,6} quoted$/);
    expect(tokenizer.decode(newIds)).toBe(text);
  }
  await expect(answering.generate(['the'], { ...options, pattern: / [a-z]/ })).rejects.toThrow('vocabulary can write');
});

describe.skipIf(folder === undefined)('stories260K', () => {
  let model: Llama;
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    model = await Llama.fromPretrained(join(folder ?? '', 'stories260K'));
    tokenizer = await Tokenizer.load(join(folder ?? '', 'stories260K'));
  });

  test('tells a story, piece by piece as at once', async () => {
    const options = { tokenizer, maxNewTokens: 60 };
    let streamed = '';
    for await (const piece of model.stream('Once upon a time', options)) streamed += piece;
    const [{ text }] = await model.generate(['Once upon a time'], options);
    expect(streamed).toBe(text);
    expect(text).toMatch(/^, there was /);
  });

  test('the same with a cache, without, with a draft, and behind a prefix', async () => {
    const options = { tokenizer, maxNewTokens: 40 };
    const [{ ids }] = await model.generate(['Once upon a time'], options);
    using prefix = model.readPrefix(tokenizer.encode('Once upon').ids);
    for (const way of [{ useCache: false }, { draft: model }, { prefix }])
      expect((await model.generate(['Once upon a time'], { ...options, ...way }))[0].ids).toEqual(ids);
  });

  test('keeps to a form, in its own words', async () => {
    const pattern = /, there was a (little|big) (girl|boy|dog) named [A-Z][a-z]{1,8}\./;
    for (const way of [{}, { beams: 3 }, { temperature: 1, seed: 2, returnSequences: 3 }])
      for (const { text } of await model.generate(['Once upon a time'], {
        tokenizer,
        pattern,
        maxNewTokens: 60,
        ...way,
      }))
        expect(text).toMatch(new RegExp(`^${pattern.source}$`));
    for (const { text } of await model.generate(['Once'], {
      tokenizer,
      schema,
      maxNewTokens: 80,
      temperature: 1,
      seed: 1,
      returnSequences: 3,
    }))
      expect(JSON.parse(text).n).toBeGreaterThan(2);
  });
});
