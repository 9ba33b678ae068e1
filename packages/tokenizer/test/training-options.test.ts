// Training with every option on small corpora, special tokens among their words, against the native trainers. The
// fixture is written by tools/oracle/tokenizer_training_oracle.py.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Tokenizer, type TrainOptions } from '../src/index';
import type { JsonObject } from '../src/json';

interface Case {
  texts: string[];
  options: TrainOptions;
  expected: { vocab: Record<string, number>; merges?: [string, string][]; added: [id: number, content: string][] };
}

interface Cut {
  texts: string[];
  normalizer: JsonObject;
  preTokenizer: JsonObject;
  vocab: Record<string, number>;
}

const { cases, cuts } = JSON.parse(readFileSync(new URL('./fixtures/training.json', import.meta.url), 'utf8')) as {
  cases: Case[];
  cuts: Cut[];
};

describe('training with options learns what the native trainer learns', () => {
  it.each(cases.map(({ options }, i) => [i, options.model] as const))('corpus %i: %s', async (i) => {
    const { texts, options, expected } = cases[i] as Case;
    const plain = { normalizer: null, preTokenizer: { type: 'WhitespaceSplit' } };
    const { model, added_tokens: added } = (await Tokenizer.train(texts, { ...options, ...plain })).toJSON() as {
      model: Case['expected'];
      added_tokens: { id: number; content: string }[];
    };
    expect(model.vocab).toEqual(expected.vocab);
    expect(model.merges).toEqual(expected.merges);
    expect(added.map(({ id, content }) => [id, content])).toEqual(expected.added);
  });
  it('cuts the words that the native trainer cuts, whatever is dropped in front of them', async () => {
    for (const { texts, normalizer, preTokenizer, vocab } of cuts) {
      const options = { model: 'wordlevel', specialTokens: ['[UNK]'], normalizer, preTokenizer } as const;
      const learnt = (await Tokenizer.train(texts, options)).toJSON()['model'] as { vocab: Record<string, number> };
      expect({ texts, normalizer, preTokenizer, vocab: learnt.vocab }).toEqual({
        texts,
        normalizer,
        preTokenizer,
        vocab,
      });
    }
  });
});
