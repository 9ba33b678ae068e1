// Look-ups between characters, words and tokens against the native library's, windows and padding included. Expected
// values: tools/oracle/tokenizer_lookups_oracle.py.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../src/index';

type Answer = number | readonly [number, number] | null;

interface Case {
  sequences: [string, string?];
  options: {
    special: boolean;
    maxLength?: number;
    side?: 'left' | 'right';
    padding?: number;
    paddingSide?: 'left' | 'right';
  };
  charToToken: Answer[][];
  charToWord: Answer[][];
  wordToTokens: Answer[][];
  wordToChars: Answer[][];
  tokenToChar: Answer[];
  tokenToWord: Answer[];
  tokenToSequence: Answer[];
}

function read<T>(file: string): T {
  return JSON.parse(gunzipSync(readFileSync(new URL(`./fixtures/${file}`, import.meta.url))).toString('utf8')) as T;
}

const { bases } = read<{ bases: Record<string, object> }>('folders.json.gz');
const fixture = read<Record<string, Case[]>>('lookups.json.gz');

/** Our answers in the layout of the fixture. */
function answers(tokenizer: Tokenizer, { sequences, options, ...theirs }: Case): Omit<Case, 'sequences' | 'options'> {
  const { special, maxLength, side = 'right', padding, paddingSide } = options;
  const encoding = tokenizer.encode(sequences[0], {
    pair: sequences[1],
    offsets: 'codePoint',
    addSpecialTokens: special,
    truncation: maxLength === undefined ? false : { maxLength, side },
    padding: padding ?? false,
    ...(paddingSide && { paddingSide }),
  });
  const each = (column: readonly unknown[], of: (index: number) => Answer | undefined): Answer[] =>
    column.map((_, i) => of(i) ?? null);
  const both = (
    columns: readonly (readonly unknown[])[],
    of: (index: number, sequence: number) => Answer | undefined,
  ) => columns.map((column, sequence) => each(column, (i) => of(i, sequence)));
  return {
    charToToken: both(theirs.charToToken, (i, s) => encoding.charToToken(i, s)),
    charToWord: both(theirs.charToWord, (i, s) => encoding.charToWord(i, s)),
    wordToTokens: both(theirs.wordToTokens, (i, s) => encoding.wordToTokens(i, s)),
    wordToChars: both(theirs.wordToChars, (i, s) => encoding.wordToChars(i, s)),
    tokenToChar: each(theirs.tokenToChar, (i) => encoding.tokenToChar(i)),
    tokenToWord: each(theirs.tokenToWord, (i) => encoding.tokenToWord(i)),
    tokenToSequence: each(theirs.tokenToSequence, (i) => encoding.tokenToSequence(i)),
  };
}

describe('look-ups', () => {
  it.each(Object.keys(fixture))('%s', async (name) => {
    const tokenizer = await Tokenizer.fromJSON(JSON.stringify(bases[name]));
    for (const one of fixture[name] as Case[]) expect({ ...one, ...answers(tokenizer, one) }).toEqual(one);
  });
});
