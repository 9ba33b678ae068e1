// Reads the long sections of a `tokenizer.json` straight into tables: a vocabulary of 100,000 tokens and as many merges
// would be half a million strings on the way otherwise. Everything else, and every file that is unusual in any
// way, is left to JSON.parse, which also finds the words for what is wrong.
import { isObject, parseJson } from '../json';
import type { PairTable } from '../models/pair-table';
import { ScoredVocab } from '../models/scored-vocab';
import { Vocab } from '../models/vocab';
import { JsonCursor, OPEN_LIST, Unusual } from './json-cursor';
import { scanMerges, scanScores, scanVocab } from './scan-sections';

/** Finds the sections, and parses the rest without them. */
function scan(text: string, file: string | undefined): unknown {
  const cursor = new JsonCursor(text);
  let vocab: Vocab | ScoredVocab | undefined;
  let merges: PairTable | undefined;
  let isPrefixed = false;
  const names = new Set<string>();
  let rest = '';
  let kept = 0;
  const section = <T>(read: (cursor: JsonCursor) => T): T => {
    cursor.peek();
    rest += `${text.slice(kept, cursor.at)}null`;
    const result = read(cursor);
    kept = cursor.at;
    return result;
  };
  const once = (name: string): void => {
    if (names.has(name)) throw new Unusual();
    names.add(name);
  };
  cursor.object((name) => {
    if (name !== 'model') return cursor.value(`$.${name}`, file, 1);
    once(name);
    cursor.object((field) => {
      if (field === 'vocab') {
        once(field);
        vocab = section<Vocab | ScoredVocab>(cursor.peek() === OPEN_LIST ? scanScores : scanVocab);
      } else if (field === 'merges') {
        once(field);
        const tokens = vocab;
        if (!(tokens instanceof Vocab)) throw new Unusual(); // no known program writes merges first
        merges = section((cursor) => scanMerges(cursor, tokens));
      } else {
        const { at } = cursor;
        cursor.value(`$.model.${field}`, file, 2);
        // A result without the prefix of its second token is left to who reads merges one by one.
        if (field === 'continuing_subword_prefix') isPrefixed = !/^\s*(null|"")$/.test(text.slice(at, cursor.at));
      }
    });
  });
  if (vocab === undefined || (isPrefixed && merges !== undefined)) throw new Unusual();
  const value: unknown = JSON.parse(rest + text.slice(kept));
  if (!isObject(value) || !isObject(value['model'])) throw new Unusual();
  // A model without a name is known by what its vocabulary is.
  if (vocab instanceof ScoredVocab && value['model']['type'] !== 'Unigram') throw new Unusual();
  Object.assign(value['model'], { vocab }, merges === undefined ? {} : { merges });
  return value;
}

/** Parses a `tokenizer.json`. Its vocabulary may come as a {@link Vocab} or {@link ScoredVocab}, its merges as a {@link PairTable}. */
export function parseTokenizerJson(text: string, file: string | undefined): unknown {
  try {
    return scan(text, file);
  } catch (error) {
    if (error instanceof Unusual || error instanceof SyntaxError) return parseJson(text, file);
    throw error;
  }
}
