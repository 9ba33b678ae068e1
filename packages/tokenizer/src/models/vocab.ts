// The vocabulary that all models share: tokens by id, and ids by token through a hash table over UTF-16 units,
// so that a stretch of a text can be looked up without cutting it out.
import { Fields, isObject } from '../json';
import { checkList, inputError } from '../options';
import { textOfUnits } from '../text/units';
import { HashIndex } from './hash-index';

/** Ids beyond this many holes per token are a mistake, or an attack on memory. */
const MAX_HOLES_PER_TOKEN = 8;
const FREE_HOLES = 1_000_000;

/** Start of a hash; feed it units with {@link hashNext}. */
export const HASH_START = 0;

/** What hashes are multiplied by at each unit: they are polynomials, so that those of two texts give that of the rest. */
export const HASH_BASE = 0x9e3779b1;

/** Adds one UTF-16 unit to a hash. */
export function hashNext(hash: number, unit: number): number {
  return Math.imul(hash + unit + 1, HASH_BASE);
}

/** The highest id that a vocabulary of so many tokens may have. */
export function maxId(tokens: number): number {
  return FREE_HOLES + MAX_HOLES_PER_TOKEN * tokens;
}

/** Tokens as their UTF-16 units, one after another in the order of their ids. */
export interface VocabColumns {
  readonly units: Uint16Array;
  /** Where each id's units start, and the end of the last; of a hole the bitwise complement (`~`), which is negative. */
  readonly starts: Int32Array;
}

/** A vocabulary: tokens in the order of their ids, or the id of each. */
export type VocabSource = Vocab | readonly string[] | { readonly [token: string]: number };

const isColumns = (source: unknown): source is VocabColumns => isObject(source) && 'units' in source;
const isList = (source: Exclude<VocabSource, Vocab>): source is readonly string[] => Array.isArray(source);

/**
 * Tokens by id and ids by token. Ids may have holes; no two tokens share an id.
 *
 * @example
 * ```ts
 * import { Vocab } from '@heddle/tokenizer/components';
 * const vocab = new Vocab(['[UNK]', 'hello']);
 * console.log(vocab.idOf('hello'), vocab.tokenOf(0), vocab.size); // 1 '[UNK]' 2
 * ```
 */
export class Vocab {
  /** Number of ids, holes counted: one more than the highest. */
  readonly length: number;
  /** Number of tokens, holes not counted. */
  readonly size: number;
  /** Units of the longest token. */
  readonly longest: number;
  /** Whether some tokens are the same text, of which only the last is found. */
  readonly hasDoubles: boolean;
  /** The tokens as units, for who reads all of them. */
  readonly columns: VocabColumns;
  /** Leads from the hashes of tokens to their ids. */
  readonly index: HashIndex;
  /** Tokens as strings, made when they are asked for. */
  private readonly texts: (string | undefined)[] = [];

  constructor(tokens: readonly (string | undefined)[] | VocabColumns) {
    this.columns = isColumns(tokens) ? tokens : toColumns(tokens);
    const { units, starts } = this.columns;
    const length = starts.length - 1;
    this.length = length;
    const index = new HashIndex(length);
    this.index = index;
    let size = 0;
    let doubles = 0;
    let longest = 0;
    for (let id = 0; id < length; id++) {
      const start = starts[id] as number;
      if (start < 0) continue;
      const end = this.endOf(id);
      let hash = HASH_START;
      for (let i = start; i < end; i++) hash = hashNext(hash, units[i] as number);
      // Of equal tokens the last one wins, as in the reference's maps.
      let slot = -1;
      let other: number;
      do {
        slot = index.seek(hash, slot);
        other = index.at(slot);
      } while (other >= 0 && !isUnits(this, other, units, start, end));
      size++;
      if (other >= 0) doubles++;
      if (end - start > longest) longest = end - start;
      index.put(slot, hash, id);
    }
    this.size = size;
    this.hasDoubles = doubles > 0;
    this.longest = longest;
  }

  /** Where an id's units end. */
  endOf(id: number): number {
    const end = this.columns.starts[id + 1] as number;
    return end < 0 ? ~end : end;
  }

  /** How many units an id has. */
  lengthOf(id: number): number {
    return this.endOf(id) - (this.columns.starts[id] as number);
  }

  /** From any form that a program may have it in. */
  static from(source: VocabSource): Vocab {
    if (source instanceof Vocab) return source;
    return isList(source) ? new Vocab(source) : Vocab.read(new Fields({ vocab: source }, '$'), 'vocab');
  }

  /** Reads a `{ token: id }` object, unless it was read already. */
  static read(fields: Fields, name: string): Vocab {
    const value = fields.raw(name);
    if (value instanceof Vocab) return value;
    const map = fields.child(name);
    const keys = map.keys();
    const limit = maxId(keys.length);
    const tokens: (string | undefined)[] = new Array(keys.length).fill(undefined);
    for (const token of keys) {
      const id = map.raw(token);
      if (typeof id !== 'number' || !(id >= 0 && id <= limit) || !Number.isInteger(id))
        throw map.error(token, `an id, a whole number from 0 to ${limit}`, id);
      while (tokens.length <= id) tokens.push(undefined);
      if (tokens[id] !== undefined) throw map.error(token, `an id of its own, not that of ${tokens[id]}`, id);
      tokens[id] = token;
    }
    while (tokens.length > 0 && tokens[tokens.length - 1] === undefined) tokens.pop();
    return new Vocab(tokens);
  }

  idOf(token: string): number | undefined {
    let hash = HASH_START;
    for (let i = 0; i < token.length; i++) hash = hashNext(hash, token.charCodeAt(i));
    const id = this.idByHash(hash, '', token, 0, token.length);
    return id < 0 ? undefined : id;
  }

  /** The id of `prefix` followed by text[start, end), whose hash is given, or −1. */
  idByHash(hash: number, prefix: string, text: string, start: number, end: number): number {
    const { index } = this;
    for (let slot = -1; ; ) {
      slot = index.seek(hash, slot);
      const id = index.at(slot);
      if (id < 0) return -1;
      if (this.ends(id, prefix.length, text, start, end) && this.holds(id, 0, prefix, 0, prefix.length)) return id;
    }
  }

  /** Whether a token is text[start, end) but for its first `skipped` units. */
  ends(id: number, skipped: number, text: string, start: number, end: number): boolean {
    return this.lengthOf(id) === skipped + end - start && this.holds(id, skipped, text, start, end);
  }

  /** Whether a token, which is long enough, goes on with text[start, end) behind its first `skipped` units. */
  private holds(id: number, skipped: number, text: string, start: number, end: number): boolean {
    const { units, starts } = this.columns;
    const shift = (starts[id] as number) + skipped - start;
    let i = start;
    while (i < end && units[shift + i] === text.charCodeAt(i)) i++;
    return i === end;
  }

  tokenOf(id: number): string | undefined {
    const start = id < this.length ? this.columns.starts[id] : undefined;
    if (start === undefined || start < 0) return undefined;
    let text = this.texts[id];
    if (text === undefined) {
      text = textOfUnits(this.columns.units, start, this.endOf(id));
      this.texts[id] = text;
    }
    return text;
  }

  /** Token of each id; a hole is undefined. */
  toArray(): (string | undefined)[] {
    return Array.from({ length: this.length }, (_, id) => this.tokenOf(id));
  }

  /** `{ token: id }` in the order of ids. */
  toJSON(): { [token: string]: number } {
    const out: { [token: string]: number } = Object.create(null);
    for (const [id, token] of this.toArray().entries()) if (token !== undefined) out[token] = id;
    return out;
  }
}

/** Tokens by id as columns. */
export function toColumns(tokens: readonly (string | undefined)[]): VocabColumns {
  let total = 0;
  checkList('tokens', tokens);
  for (const [id, token] of tokens.entries()) {
    if (token === undefined) continue;
    if (typeof token !== 'string') throw inputError(`tokens[${id}]`, 'a string', token);
    total += token.length;
  }
  const units = new Uint16Array(total);
  const starts = new Int32Array(tokens.length + 1);
  let at = 0;
  for (const [id, token] of tokens.entries()) {
    starts[id] = token === undefined ? ~at : at;
    for (let i = 0; token !== undefined && i < token.length; i++) units[at++] = token.charCodeAt(i);
  }
  starts[tokens.length] = at;
  return { units, starts };
}

/** Whether a token is word[start, end). */
export function isUnits(vocab: Vocab, id: number, word: Uint16Array, start: number, end: number): boolean {
  if (id >= vocab.length) return false;
  const { units, starts } = vocab.columns;
  const from = starts[id] as number;
  return from >= 0 && vocab.lengthOf(id) === end - start && areSame(units, from, word, start, end);
}

/** Whether units[at…] begin with word[start, end). */
export function areSame(units: Uint16Array, at: number, word: Uint16Array, start: number, end: number): boolean {
  const shift = at - start;
  let i = start;
  while (i < end && units[shift + i] === word[i]) i++;
  return i === end;
}
