// Added tokens whose ids leave holes, as tiktoken's do: a saved tokenizer gives them the same ids.
import { describe, expect, it } from 'vitest';
import { WordLevel } from '../src/components';
import { Tokenizer } from '../src/index';
import { TokenizerPool } from '../src/threads';

const ranks = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}\n`).join('');
const files = new Map([['tiktoken.model', new TextEncoder().encode(`${ranks}${btoa('ab')} 256\n`)]]);
const specialTokens = { '<|end|>': 260, '<|pad|>': 258, '<|last|>': 300 };
const text = 'ab<|pad|>b<|last|><|end|>';
const expected = [256, 258, 98, 300, 260];

describe('ids with holes between them', () => {
  it('are the same in what is saved', async () => {
    const tokenizer = await Tokenizer.load(files, { tiktoken: { pattern: '\\w+|[^\\w\\s]+|\\s+', specialTokens } });
    expect(tokenizer.encode(text).ids).toEqual(expected);
    const saved = await Tokenizer.fromJSON(JSON.stringify(tokenizer));
    expect(saved.encode(text).ids).toEqual(expected);
    expect(saved.vocabSize).toBe(tokenizer.vocabSize);
    expect(saved.addedTokens).toEqual(tokenizer.addedTokens);
    expect(saved.encode('<|pad|>', { allowedSpecial: 'none' }).tokens).toEqual([...'<|pad|>']);
    expect(JSON.stringify(saved)).toBe(JSON.stringify(tokenizer));
  });
  it('are the same on several threads', async () => {
    const tokenizer = await Tokenizer.load(files, { tiktoken: { pattern: '\\w+|[^\\w\\s]+|\\s+', specialTokens } });
    const pool = await TokenizerPool.start(tokenizer, {
      threads: 3,
      workerUrl: new URL('../dist/worker.js', import.meta.url),
    });
    const texts = new Array(5000).fill(text);
    expect(pool.note).toBeUndefined();
    expect(await pool.encodeRagged(texts)).toEqual(tokenizer.encodeRagged(texts));
    pool.close();
  });
  it('stay where they are without holes', () => {
    const tokenizer = new Tokenizer({ model: new WordLevel(['a']), addedTokens: ['b', 'c'] });
    expect(tokenizer.toJSON()['model']).toMatchObject({ vocab: { a: 0 } });
    expect((tokenizer.toJSON()['model'] as { vocab: object }).vocab).toEqual({ a: 0 });
  });
});
