// Cuts of equal sum: the last bit of the scores decides, as the native library reads them. The fixture is written by
// tools/oracle/tokenizer_ties_oracle.py.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../src/index';

interface Fixture {
  cases: { model: { vocab: [string, number][] }; runs: [run: string, ids: number[]][] }[];
}

const fixture = JSON.parse(readFileSync(new URL('./fixtures/unigram-ties.json', import.meta.url), 'utf8')) as Fixture;

describe('runs of one letter are cut as the native library cuts them', () => {
  it.each(fixture.cases.map((_, i) => i))('model %i', async (i) => {
    const { model, runs } = fixture.cases[i] as Fixture['cases'][number];
    const file = JSON.stringify({ version: '1.0', added_tokens: [], model });
    for (const tokenizer of [await Tokenizer.fromJSON(file), await Tokenizer.fromJSON(JSON.parse(file))]) {
      expect(runs.map(([run]) => tokenizer.encode(run).ids)).toEqual(runs.map(([, ids]) => ids));
      expect(tokenizer.toJSON()).toMatchObject({ model: { vocab: model.vocab } });
    }
  });
});
