// Generated tokenizers, of every component, against the native library: 30,000 lines by hash, some in full.
// The fixture is written by tools/oracle/tokenizer_oracle.py.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../src/index';
import { tokenizerFromJSON } from '../src/sync';

interface Fixture {
  lines: string[];
  models: Record<string, object>;
  cases: {
    name: string;
    json: { model: string };
    lines: [number, number | null, string][];
    full: [number, object][];
  }[];
}

const fixture = JSON.parse(
  gunzipSync(readFileSync(new URL('./fixtures/native.json.gz', import.meta.url))).toString('utf8'),
) as Fixture;

function encode(tokenizer: Tokenizer, text: string, pair: string | undefined): object {
  const { ids, tokens, offsets, wordIds, typeIds, specialTokensMask } = tokenizer.encode(text, {
    pair,
    offsets: 'codePoint',
  });
  return {
    ids,
    tokens,
    offsets,
    words: wordIds,
    types: typeIds,
    mask: specialTokensMask,
    decoded: tokenizer.decode(ids),
  };
}

const digest = (value: object): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 10);

describe('the native library, on generated tokenizers', () => {
  it('covers at least 20,000 lines', () => {
    expect(fixture.cases.reduce((sum, { lines }) => sum + lines.length, 0)).toBeGreaterThan(20_000);
  });
  it.each(fixture.cases.map(({ name }, i) => [i, name] as const))('%i %s', async (i) => {
    const { json, lines, full } = fixture.cases[i] as Fixture['cases'][number];
    const tokenizer = await Tokenizer.fromJSON({ ...json, model: fixture.models[json.model] });
    for (const [at, theirs] of full) {
      const [line, pair] = lines[at] as [number, number | null, string];
      expect(encode(tokenizer, fixture.lines[line] as string, pair === null ? undefined : fixture.lines[pair])).toEqual(
        theirs,
      );
    }
    const differences = lines.flatMap(([line, pair, theirs]) => {
      const text = fixture.lines[line] as string;
      const ours = digest(encode(tokenizer, text, pair === null ? undefined : fixture.lines[pair]));
      return ours === theirs ? [] : [JSON.stringify(text).slice(0, 300)];
    });
    expect(differences.length, differences.slice(0, 3).join('\n')).toBe(0);
    // What is written reads back as the same tokenizer.
    const written = JSON.stringify(tokenizer);
    expect(JSON.stringify(await Tokenizer.fromJSON(written))).toBe(written);
    expect(JSON.stringify(tokenizerFromJSON(written))).toBe(written);
  });
});
