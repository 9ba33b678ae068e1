// Training: what comes out, and that it is the same every time.
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../src/index';

const texts = Array.from(
  { length: 200 },
  (_, i) => `The quick brown fox number ${i} jumps over the lazy dog's café, again and again!`,
);

describe('train', () => {
  it('makes a BERT-like tokenizer by default', async () => {
    const tokenizer = await Tokenizer.train(texts, { model: 'wordpiece', vocabSize: 200 });
    expect(tokenizer.vocabSize).toBe(200);
    expect([tokenizer.padId, tokenizer.unkId, tokenizer.clsId, tokenizer.sepId, tokenizer.maskId]).toEqual([
      0, 1, 2, 3, 4,
    ]);
    const { ids, tokens } = tokenizer.encode('The LAZY dogs');
    expect(tokens[0]).toBe('[CLS]');
    expect(tokens.at(-1)).toBe('[SEP]');
    expect(tokenizer.decode(ids)).toBe('the lazy dogs');
  });
  it('makes a byte-level BPE that gives any text back', async () => {
    const tokenizer = await Tokenizer.train(texts, { model: 'bpe', vocabSize: 400 });
    for (const text of ['Hello, wörld! 🙂', '  spaces\n\n', '日本語'])
      expect(tokenizer.decode(tokenizer.encode(text).ids)).toBe(text);
    expect(tokenizer.padId).toBe(0);
  });
  it('pads batches', async () => {
    const tokenizer = await Tokenizer.train(texts, { model: 'wordpiece', vocabSize: 200 });
    const batch = tokenizer.encodeBatch(['the fox', 'the quick brown fox jumps'], { padding: true, maxLength: 6 });
    expect(batch.shape).toEqual([2, 6]);
    expect([...batch.lengths]).toEqual([4, 6]);
    expect([...batch.mask]).toEqual([1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1]);
    expect(batch.ids[0]).toBe(tokenizer.clsId);
    expect(batch.ids[4]).toBe(0);
    expect(batch.ids[11]).toBe(tokenizer.sepId);
  });
  it('is deterministic and survives a round trip through JSON', async () => {
    for (const model of ['wordpiece', 'bpe', 'wordlevel'] as const) {
      const a = await Tokenizer.train(texts, { model, vocabSize: 300 });
      const b = await Tokenizer.train(texts.values(), { model, vocabSize: 300 });
      expect(JSON.stringify(a)).toBe(JSON.stringify(b));
      expect(JSON.stringify(await Tokenizer.fromJSON(JSON.stringify(a)))).toBe(JSON.stringify(a));
    }
  });
});
