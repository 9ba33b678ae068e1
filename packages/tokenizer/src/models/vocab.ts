// The vocabulary that all models share: tokens by id, and ids by token through a hash table over UTF-16 units,
// so that a stretch of a text can be looked up without cutting it out.
import { Fields } from '../json';
import { textOfUnits } from '../text/units';

/** Ids beyond this many holes per token are a mistake, or an attack on memory. */
const MAX_HOLES_PER_TOKEN = 8;
const FREE_HOLES = 1_000_000;

/** Start of a hash; feed it units with {@link hashNext}. */
export const HASH_START = 0;

/** Adds one UTF-16 unit to a hash. */
export function hashNext(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x9e3779b1) ^ (hash >>> 15);
}

/** The highest id that a vocabulary of so many tokens may have. */
export function maxId(tokens: number): number {
  return FREE_HOLES + MAX_HOLES_PER_TOKEN * tokens;
}

/** Tokens as their UTF-16 units, one after another: where the units of each id start and end (−1 for a hole), their hash. */
export interface VocabColumns {
  readonly units: Uint16Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly hashes: Int32Array;
}

/** A vocabulary: tokens in the order of their ids, or the id of each. */
export type VocabSource = Vocab | readonly string[] | { readonly [token: string]: number };

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
  /** Open addressing from hashes to ids: an id for each slot, −1 for none. */
  readonly slots: Int32Array;
  readonly mask: number;
  /** Tokens as strings, made when they are asked for. */
  private readonly texts: (string | undefined)[] = [];

  constructor(tokens: readonly (string | undefined)[] | VocabColumns) {
    this.columns = 'units' in tokens ? tokens : toColumns(tokens);
    const { starts, ends, hashes } = this.columns;
    const length = starts.length;
    let bits = 4;
    while (1 << bits < length * 1.6) bits++;
    const mask = (1 << bits) - 1;
    const slots = new Int32Array(1 << bits).fill(-1);
    let size = 0;
    let doubles = 0;
    let longest = 0;
    for (let id = 0; id < length; id++) {
      const start = starts[id] as number;
      if (start < 0) continue;
      const hash = hashes[id] as number;
      let slot = hash & mask;
      let other = slots[slot] as number;
      // Of equal tokens the last one wins, as in the reference's maps.
      while (other !== -1 && !(hashes[other] === hash && this.isEqual(other, id))) {
        slot = (slot + 1) & mask;
        other = slots[slot] as number;
      }
      size++;
      if (other !== -1) doubles++;
      const units = (ends[id] as number) - start;
      if (units > longest) longest = units;
      slots[slot] = id;
    }
    this.length = length;
    this.mask = mask;
    this.slots = slots;
    this.size = size;
    this.hasDoubles = doubles > 0;
    this.longest = longest;
  }

  private isEqual(a: number, b: number): boolean {
    const { units, starts, ends } = this.columns;
    const from = starts[a] as number;
    const other = starts[b] as number;
    const length = (ends[a] as number) - from;
    if ((ends[b] as number) - other !== length) return false;
    let i = 0;
    while (i < length && units[from + i] === units[other + i]) i++;
    return i === length;
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
    const { slots, mask } = this;
    const { hashes } = this.columns;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = slots[slot] as number;
      if (id === -1) return -1;
      if (hashes[id] !== hash || !this.ends(id, prefix.length, text, start, end)) continue;
      if (this.begins(id, prefix, 0, prefix.length)) return id;
    }
  }

  /** Whether a token is text[start, end) but for its first `skipped` units. */
  private ends(id: number, skipped: number, text: string, start: number, end: number): boolean {
    const { units, starts, ends } = this.columns;
    const from = starts[id];
    if (from === undefined || from < 0 || (ends[id] as number) - from !== skipped + end - start) return false;
    const shift = from + skipped - start;
    let i = start;
    while (i < end && units[shift + i] === text.charCodeAt(i)) i++;
    return i === end;
  }

  /** Whether a token, which is long enough, begins with text[start, end). */
  private begins(id: number, text: string, start: number, end: number): boolean {
    const { units, starts } = this.columns;
    const shift = (starts[id] as number) - start;
    let i = start;
    while (i < end && units[shift + i] === text.charCodeAt(i)) i++;
    return i === end;
  }

  tokenOf(id: number): string | undefined {
    const start = this.columns.starts[id];
    if (start === undefined || start < 0) return undefined;
    let text = this.texts[id];
    if (text === undefined) {
      text = textOfUnits(this.columns.units, start, this.columns.ends[id] as number);
      this.texts[id] = text;
    }
    return text;
  }

  /** Bytes of its tables: what it takes in memory until tokens are asked for as strings. */
  get bytes(): number {
    const { units, starts, ends, hashes } = this.columns;
    const tables = [units, starts, ends, hashes, this.slots];
    return tables.reduce((sum, table) => sum + table.byteLength, 0);
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
  for (const token of tokens) if (token !== undefined) total += token.length;
  const units = new Uint16Array(total);
  const starts = new Int32Array(tokens.length).fill(-1);
  const ends = new Int32Array(tokens.length).fill(-1);
  const hashes = new Int32Array(tokens.length);
  let at = 0;
  for (const [id, token] of tokens.entries()) {
    if (token === undefined) continue;
    starts[id] = at;
    let hash = HASH_START;
    for (let i = 0; i < token.length; i++) {
      const unit = token.charCodeAt(i);
      units[at++] = unit;
      hash = hashNext(hash, unit);
    }
    ends[id] = at;
    hashes[id] = hash;
  }
  return { units, starts, ends, hashes };
}
