// Real tokenizers against the native library's own outputs: ids, tokens, offsets, words, decoded text, pairs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../src/index';
import { readLines, shared, tokenizerFile } from './shared';

interface Line {
  text: string;
  pair?: string;
  ids: number[];
  tokens: string[];
  offsets: [number, number][];
  word_ids: (number | null)[];
  type_ids?: number[];
  special_tokens_mask?: number[];
  sequence_ids?: (number | null)[];
  ids_no_special?: number[];
  decoded: string;
  decoded_with_special?: string;
}

const expectedFolder = join(shared ?? '', 'fixtures/expected');
const names =
  shared === undefined
    ? []
    : readdirSync(expectedFolder).flatMap((file) => /^([^.]+(?:\.\d[^.]*)?)\.jsonl\.gz$/.exec(file)?.[1] ?? []);

describe.skipIf(shared === undefined)('the native library, line by line', () => {
  it('has fixtures', () => expect(names.length).toBeGreaterThan(25));
  it.each(names)('%s', async (name) => {
    const tokenizer = await Tokenizer.fromJSON(readFileSync(tokenizerFile(shared as string, name), 'utf8'));
    const differences: string[] = [];
    for (const [i, line] of readLines<Line>(join(expectedFolder, `${name}.jsonl.gz`)).entries()) {
      const encoding = tokenizer.encode(line.text, {
        pair: line.pair,
        offsets: 'codePoint',
        truncation: false,
        padding: false,
      });
      const { ids, tokens, offsets, wordIds } = encoding;
      const ours: Record<string, unknown> = { ids, tokens, offsets, word_ids: wordIds };
      ours['ids_no_special'] = tokenizer.encode(line.text, {
        pair: line.pair,
        addSpecialTokens: false,
        truncation: false,
        padding: false,
      }).ids;
      ours['decoded'] = tokenizer.decode(line.ids);
      ours['decoded_with_special'] = tokenizer.decode(line.ids, { skipSpecialTokens: false });
      if (line.pair !== undefined) {
        ours['type_ids'] = encoding.typeIds;
        ours['special_tokens_mask'] = encoding.specialTokensMask;
        ours['sequence_ids'] = encoding.sequenceIds;
      }
      const theirs: Record<string, unknown> = { ids_no_special: line.ids, decoded_with_special: line.decoded, ...line };
      for (const [key, value] of Object.entries(ours))
        if (JSON.stringify(value) !== JSON.stringify(theirs[key]))
          differences.push(
            `line ${i} ${key} of ${JSON.stringify(line.text).slice(0, 200)}\n  ours   ${JSON.stringify(value).slice(0, 600)}\n  theirs ${JSON.stringify(theirs[key]).slice(0, 600)}`,
          );
    }
    expect(differences.length, differences.slice(0, 3).join('\n')).toBe(0);
  });
});
