// The long sections of a `tokenizer.json`, each read in one loop from the text's units into tables. These loops start in
// an engine that has compiled nothing yet: what they call for a token is what loading takes.
import { hashOfUnits, idOfUnits } from '../models/id-of-units';
import { PairTable } from '../models/pair-table';
import { ScoredVocab } from '../models/scored-vocab';
import { HASH_START, hashNext, isUnits, Vocab } from '../models/vocab';
import { VocabBuilder } from '../models/vocab-builder';
import { longer } from '../text/column';
import { textOfUnits } from '../text/units';
import {
  BACKSLASH,
  CLOSE,
  CLOSE_LIST,
  COLON,
  COMMA,
  type JsonCursor,
  OPEN,
  OPEN_LIST,
  QUOTE,
  Unusual,
} from './json-cursor';

const SPACE = 0x20;
const NUMBER_SIGN = 0x23;

/** Copies a string, whose quote was passed, to the units of a vocabulary. */
function copyToken(cursor: JsonCursor, into: VocabBuilder): void {
  const { text } = cursor;
  const { units } = into;
  let { at } = cursor;
  let { used } = into;
  for (;;) {
    let unit = text.charCodeAt(at++);
    if (unit === QUOTE) break;
    if (unit === BACKSLASH) {
      cursor.at = at;
      unit = cursor.escaped();
      at = cursor.at;
    } else if (!(unit >= SPACE)) throw new Unusual();
    units[used++] = unit;
  }
  cursor.at = at;
  into.used = used;
}

/** Reads `{ "token": id, … }`. */
export function scanVocab(cursor: JsonCursor): Vocab {
  const builder = new VocabBuilder(cursor.text.length);
  cursor.take(OPEN);
  if (cursor.peek() === CLOSE) throw new Unusual();
  do {
    cursor.take(QUOTE);
    const start = builder.used;
    copyToken(cursor, builder);
    cursor.take(COLON);
    const id = cursor.integer();
    if (builder.has(id) || !builder.fits(id)) throw new Unusual();
    builder.add(id, start);
  } while (cursor.more(CLOSE));
  const vocab = new Vocab(builder.finish());
  if (vocab.hasDoubles) throw new Unusual();
  return vocab;
}

/** Reads `[["token", score], …]`. */
export function scanScores(cursor: JsonCursor): ScoredVocab {
  const builder = new VocabBuilder(cursor.text.length);
  let scores = new Float64Array(16);
  cursor.take(OPEN_LIST);
  if (cursor.peek() === CLOSE_LIST) throw new Unusual();
  do {
    cursor.take(OPEN_LIST);
    cursor.take(QUOTE);
    const id = builder.count;
    const start = builder.used;
    copyToken(cursor, builder);
    cursor.take(COMMA);
    if (id === scores.length) scores = longer(scores);
    scores[id] = cursor.number();
    cursor.take(CLOSE_LIST);
    builder.add(id, start);
  } while (cursor.more(CLOSE_LIST));
  return new ScoredVocab(new Vocab(builder.finish()), scores.slice(0, builder.count));
}

/** Reads `["a b", …]` or `[["a", "b"], …]`: merges whose results are the two tokens put together. */
export function scanMerges(cursor: JsonCursor, vocab: Vocab): PairTable {
  const { text } = cursor;
  const table = new PairTable(vocab.length);
  // Both tokens, one after the other. What is longer than two tokens is written nowhere, and is no token.
  const units = new Uint16Array(2 * vocab.longest);
  // Trained files give merges ids in their order, so the id after the last one is the first guess.
  let merged = -1;
  let rank = 0;
  cursor.take(OPEN_LIST);
  if (cursor.peek() === CLOSE_LIST) {
    cursor.at++;
    return table;
  }
  do {
    const isPair = cursor.peek() === OPEN_LIST;
    if (isPair) cursor.at++;
    cursor.take(QUOTE);
    let { at } = cursor;
    let used = 0;
    let middle = -1;
    let first = -1;
    let hash = HASH_START;
    for (;;) {
      let unit = text.charCodeAt(at++);
      if (unit === QUOTE || (unit === SPACE && !isPair)) {
        if (middle >= 0) {
          if (unit === SPACE) throw new Unusual();
          break;
        }
        first = idOfUnits(vocab, units, 0, used, hash);
        middle = used;
        hash = HASH_START;
        if (isPair) {
          cursor.at = at;
          cursor.take(COMMA);
          cursor.take(QUOTE);
          at = cursor.at;
        } else if (unit === QUOTE) throw new Unusual();
        continue;
      }
      if (unit === BACKSLASH) {
        cursor.at = at;
        unit = cursor.escaped();
        at = cursor.at;
        if (unit === SPACE && !isPair) throw new Unusual();
      } else if (!(unit >= SPACE)) throw new Unusual();
      units[used++] = unit;
      hash = hashNext(hash, unit);
    }
    cursor.at = at;
    if (isPair) cursor.take(CLOSE_LIST);
    else if (units[0] === NUMBER_SIGN && textOfUnits(units, 0, middle).startsWith('#version')) throw new Unusual();
    const second = idOfUnits(vocab, units, middle, used, hash);
    if (isUnits(vocab, merged + 1, units, 0, used)) merged++;
    else merged = idOfUnits(vocab, units, 0, used, hashOfUnits(units, 0, used));
    if (first < 0 || second < 0 || merged < 0) throw new Unusual();
    table.set(first, second, rank++, merged);
  } while (cursor.more(CLOSE_LIST));
  table.trim();
  return table;
}
