// `.model` files against the library that writes them: models of its own training, random texts, random ids. The fixture
// is written by tools/oracle/tokenizer_sentencepiece_oracle.py.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../src/index';

interface Fixture {
  cases: Record<string, { model: string; texts: [text: string, ids: number[], decoded: string][]; decoded: Row[] }>;
  refused: Record<string, string>;
}
type Row = [ids: number[], text: string];

const { cases, refused } = JSON.parse(
  gunzipSync(readFileSync(new URL('./fixtures/sentencepiece.json.gz', import.meta.url))).toString('utf8'),
) as Fixture;
const load = (model: string): Promise<Tokenizer> =>
  Tokenizer.load(new Map([['spiece.model', Uint8Array.from(Buffer.from(model, 'base64'))]]));

function streamed(tokenizer: Tokenizer, ids: readonly number[]): string {
  const stream = tokenizer.decodeStream();
  return ids.map((id) => stream.push(id)).join('') + stream.end();
}

describe("SentencePiece's own models", () => {
  it.each(Object.entries(cases))('%s', async (name, { model, texts, decoded }) => {
    const tokenizer = await load(model);
    expect(texts.map(([text]) => [text, tokenizer.encode(text).ids])).toEqual(texts.map(([text, ids]) => [text, ids]));
    expect(texts.map(([text]) => [...tokenizer.encodeIds(text)])).toEqual(texts.map(([, ids]) => ids));
    const rows = [...decoded, ...texts.map(([, ids, text]): Row => [ids, text])];
    expect(rows.map(([ids]) => tokenizer.decode(ids))).toEqual(rows.map(([, text]) => text));
    // What rules for texts that go out say of several tokens, no stream can wait for.
    if (name.endsWith('denormalizer')) return;
    expect(rows.map(([ids]) => streamed(tokenizer, ids))).toEqual(rows.map(([, text]) => text));
  });
  it.each(Object.entries(refused))('what is not done is refused: %s', async (_, model) => {
    await expect(load(model)).rejects.toMatchObject({
      name: 'TokenizerError',
      kind: 'unsupported',
      file: 'spiece.model',
    });
  });
});
