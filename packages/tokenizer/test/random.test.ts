// Tokenizers put together at random against the native library: every column, the windows, and both ways to decode.
// The fixture is written by tools/oracle/tokenizer_random_oracle.py; its texts are kept as hashes.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Encoding, Tokenizer } from '../src/index';

interface Fixture {
  lines: string[];
  models: object[];
  cases: {
    json: { model: number };
    rows: [at: number, pair: number | null, addSpecial: boolean, words: boolean, digest: string][];
  }[];
}

const fixture = JSON.parse(
  gunzipSync(readFileSync(new URL('./fixtures/random.json.gz', import.meta.url))).toString('utf8'),
) as Fixture;

function columns(encoding: Encoding, windows: boolean): object {
  const { ids, tokens, offsets, wordIds, typeIds, specialTokensMask, attentionMask, sequenceIds } = encoding;
  return {
    ids,
    tokens,
    offsets,
    words: wordIds,
    types: typeIds,
    smask: specialTokensMask,
    amask: attentionMask,
    seqs: sequenceIds,
    ...(windows ? { over: encoding.overflowing.map((window) => columns(window, false)) } : {}),
  };
}

describe('the native library, on tokenizers put together at random', () => {
  it('covers a good many', () => {
    expect(fixture.cases.length).toBeGreaterThan(100);
    expect(fixture.cases.reduce((sum, { rows }) => sum + rows.length, 0)).toBeGreaterThan(1000);
  });
  it.each(fixture.cases.map((_, i) => i))('%i', async (i) => {
    const { json, rows } = fixture.cases[i] as Fixture['cases'][number];
    const tokenizer = await Tokenizer.fromJSON({ ...json, model: fixture.models[json.model] });
    const inputOf = (at: number, words: boolean): string | string[] => {
      const line = fixture.lines[at] as string;
      return words ? line.split(' ') : line;
    };
    const differences = rows.filter(([at, pair, addSpecialTokens, words, theirs]) => {
      const encoding = tokenizer.encode(inputOf(at, words), {
        pair: pair === null ? undefined : inputOf(pair, words),
        addSpecialTokens,
        offsets: 'codePoint',
      });
      const ours = {
        ...columns(encoding, true),
        decoded: tokenizer.decode(encoding.ids),
        whole: tokenizer.decode(encoding.ids, { skipSpecialTokens: false }),
      };
      return createHash('sha256').update(JSON.stringify(ours)).digest('hex').slice(0, 10) !== theirs;
    });
    expect(differences.map(([at]) => fixture.lines[at])).toEqual([]);
  });
});
