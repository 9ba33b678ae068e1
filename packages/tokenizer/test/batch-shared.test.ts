// Batches give what `encode` gives, row by row, for every real tokenizer.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../src/index';
import { readLines, shared, tokenizerFile } from './shared';

const folder = join(shared ?? '', 'fixtures/tokenizers');
const names =
  shared === undefined
    ? []
    : readdirSync(folder).filter((name) => readdirSync(join(folder, name)).includes('tokenizer.json'));

describe.skipIf(shared === undefined)('batches of real tokenizers', () => {
  const lines =
    shared === undefined
      ? []
      : readLines<{ text: string }>(join(shared, 'fixtures/expected/gpt2.jsonl.gz')).slice(0, 120);
  const texts = lines.map((line) => line.text);
  it.each(names)('%s', async (name) => {
    const tokenizer = await Tokenizer.fromJSON(readFileSync(tokenizerFile(shared as string, name), 'utf8'));
    const pairs = [...texts].reverse();
    for (const options of [
      {},
      { maxLength: 12 },
      { maxLength: 9, pairs },
      { pairs, truncation: { maxLength: 15, side: 'left' as const } },
    ]) {
      const ragged = tokenizer.encodeRagged(texts, { truncation: false, ...options });
      for (const [i, text] of texts.entries()) {
        const { pairs: second, ...rest } = options as { pairs?: string[] };
        const { ids, typeIds } = tokenizer.encode(text, {
          truncation: false,
          ...rest,
          pair: second?.[i],
          padding: false,
        });
        const [from, to] = [ragged.rows[i], ragged.rows[i + 1]];
        expect([...ragged.ids.subarray(from, to)]).toEqual(ids);
        expect([...ragged.typeIds.subarray(from, to)]).toEqual(typeIds);
      }
    }
  });
});
