// Training with every option on small corpora, special tokens among their words, against the native trainers. The
// fixture is written by tools/oracle/tokenizer_training_oracle.py.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Tokenizer, type TrainOptions } from '../src/index';

interface Case {
  texts: string[];
  options: TrainOptions;
  expected: { vocab: Record<string, number>; merges?: [string, string][]; added: [id: number, content: string][] };
}

const { cases } = JSON.parse(readFileSync(new URL('./fixtures/training.json', import.meta.url), 'utf8')) as {
  cases: Case[];
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
});
