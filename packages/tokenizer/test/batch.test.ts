// Batches give what `encode` gives, row by row, whatever stands round the texts and however they are cut.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TemplateProcessing, Whitespace, WordLevel } from '../src/components';
import { Tokenizer } from '../src/index';

const words = ['[UNK]', '[CLS]', '[SEP]', 'a', 'b', 'c', 'd'];

function tokenizerWith(single: string[], pair: string[]): Tokenizer {
  return new Tokenizer({
    model: new WordLevel(words, { unkToken: '[UNK]' }),
    preTokenizer: new Whitespace(),
    postProcessor: TemplateProcessing.of(single, pair, (token) => words.indexOf(token)),
  });
}

/** What a call gives, or the message of what it throws. */
function resultOf<T>(call: () => T): T | string {
  try {
    return call();
  } catch (error) {
    return (error as Error).message;
  }
}

describe('batches', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'x'), { maxLength: 7 }).map((all) => all.join(' '));
  const tokenizers = [
    tokenizerWith(['$A'], ['$A', '$B']),
    tokenizerWith(['[CLS]', '$A', '[SEP]'], ['[CLS]', '$A', '[SEP]', '$B:1', '[SEP]:1']),
    tokenizerWith(['$A:2', '[SEP]'], ['$B:3', '[SEP]', '[SEP]', '$A']),
  ];
  it('are cut as single texts are, pairs and offsets too, and refused where these are', () => {
    let cut = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        fc.nat(tokenizers.length - 1),
        fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.boolean(),
        fc.record({
          maxLength: fc.integer({ min: 5, max: 14 }),
          strategy: fc.constantFrom('longestFirst' as const, 'onlyFirst' as const, 'onlySecond' as const),
          side: fc.constantFrom('left' as const, 'right' as const),
        }),
        (which, rows, isPair, addSpecialTokens, truncation) => {
          const tokenizer = tokenizers[which] as Tokenizer;
          const texts = rows.map(([first]) => first);
          const pairs = isPair ? rows.map(([, second]) => second) : undefined;
          const singles = resultOf(() =>
            texts.map((first, i) => tokenizer.encode(first, { pair: pairs?.[i], addSpecialTokens, truncation })),
          );
          const batch = resultOf(() =>
            tokenizer.encodeRagged(texts, { pairs, addSpecialTokens, truncation, offsets: true }),
          );
          if (typeof singles === 'string' || typeof batch === 'string') {
            expect(batch).toBe(singles);
            refused++;
            return;
          }
          for (const [i, { ids, typeIds, offsets, overflowing }] of singles.entries()) {
            const [from, to] = [batch.rows[i] as number, batch.rows[i + 1] as number];
            expect([...batch.ids.subarray(from, to)]).toEqual(ids);
            expect([...batch.typeIds.subarray(from, to)]).toEqual(typeIds);
            expect([...(batch.offsets?.subarray(2 * from, 2 * to) ?? [])]).toEqual(offsets.flat());
            if (overflowing.length > 0) cut++;
          }
        },
      ),
      { seed: 31, numRuns: 1500 },
    );
    expect(cut).toBeGreaterThan(500);
    expect(refused).toBeGreaterThan(100);
  });
  it('of many tokens have memory of their own, and leave none for the next', () => {
    const tokenizer = tokenizerWith(['[CLS]', '$A:1'], ['$A', '$B']);
    const row = 'a b c d '.repeat(256);
    const many = new Array<string>(2100).fill(row);
    const first = tokenizer.encodeRagged(many, { offsets: true });
    const second = tokenizer.encodeRagged(['d', ...many], { offsets: true });
    tokenizer.encodeRagged(['d d d']);
    expect(first.ids.length).toBe(2100 * 1025);
    expect(first.offsets?.length).toBe(2 * first.ids.length);
    for (const [batch, place] of [
      [first, 0],
      [second, 2],
    ] as const) {
      const from = batch.rows.at(-2) as number;
      expect(from).toBe(place + 2099 * 1025);
      expect([...batch.ids.subarray(from, from + 6)]).toEqual([1, 3, 4, 5, 6, 3]);
      expect([...batch.typeIds.subarray(from, from + 2)]).toEqual([0, 1]);
      expect([...(batch.offsets?.subarray(2 * from, 2 * from + 6) ?? [])]).toEqual([0, 0, 0, 1, 2, 3]);
    }
    expect([...second.ids.subarray(0, 2)]).toEqual([1, 6]);
    // Memory is not much more than what is in it.
    expect(first.ids.buffer.byteLength).toBeLessThan(1.25 * first.ids.byteLength);
  });
});
