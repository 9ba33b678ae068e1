// The vocabulary that all models share: tokens by id, and ids by token through a hash table over UTF-16 units,
// so that a stretch of a text can be looked up without cutting it out.
import { Fields } from '../json';

/** Ids beyond this many holes per token are a mistake, or an attack on memory. */
const MAX_HOLES_PER_TOKEN = 8;
const FREE_HOLES = 1_000_000;

/** Start of a hash; feed it units with {@link hashNext}. */
export const HASH_START = 0;

/** Adds one UTF-16 unit to a hash. */
export function hashNext(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x9e3779b1) ^ (hash >>> 15);
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
  /** Token of each id; a hole is undefined. */
  readonly tokens: readonly (string | undefined)[];
  /** Number of tokens, holes not counted. */
  readonly size: number;
  private readonly slots: Int32Array;
  private readonly hashes: Int32Array;
  private readonly mask: number;

  constructor(tokens: readonly (string | undefined)[]) {
    this.tokens = tokens;
    let bits = 4;
    while (1 << bits < tokens.length * 1.6) bits++;
    this.mask = (1 << bits) - 1;
    this.slots = new Int32Array(1 << bits).fill(-1);
    this.hashes = new Int32Array(tokens.length);
    let size = 0;
    for (let id = 0; id < tokens.length; id++) {
      const token = tokens[id];
      if (token === undefined) continue;
      let hash = HASH_START;
      for (let i = 0; i < token.length; i++) hash = hashNext(hash, token.charCodeAt(i));
      this.hashes[id] = hash;
      let slot = hash & this.mask;
      let other = this.slots[slot] as number;
      // Of equal tokens the last one wins, as in the reference's maps.
      while (other !== -1 && !(this.hashes[other] === hash && tokens[other] === token)) {
        slot = (slot + 1) & this.mask;
        other = this.slots[slot] as number;
      }
      size++;
      this.slots[slot] = id;
    }
    this.size = size;
  }

  /** From any form that a program may have it in. */
  static from(source: VocabSource): Vocab {
    if (source instanceof Vocab) return source;
    return isList(source) ? new Vocab(source) : Vocab.read(new Fields({ vocab: source }, '$'), 'vocab');
  }

  /** Reads a `{ token: id }` object. */
  static read(fields: Fields, name: string): Vocab {
    const map = fields.child(name);
    const keys = map.keys();
    const limit = FREE_HOLES + MAX_HOLES_PER_TOKEN * keys.length;
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
    const id = this.idOfRange(token, 0, token.length);
    return id < 0 ? undefined : id;
  }

  /** The id of text[start, end), or −1. */
  idOfRange(text: string, start: number, end: number): number {
    let hash = HASH_START;
    for (let i = start; i < end; i++) hash = hashNext(hash, text.charCodeAt(i));
    return this.idByHash(hash, '', text, start, end);
  }

  /** The id of `prefix` followed by text[start, end), whose hash is given, or −1. */
  idByHash(hash: number, prefix: string, text: string, start: number, end: number): number {
    const { slots, mask, hashes, tokens } = this;
    const length = prefix.length + end - start;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = slots[slot] as number;
      if (id === -1) return -1;
      if (hashes[id] !== hash) continue;
      const token = tokens[id] as string;
      if (token.length !== length) continue;
      let i = 0;
      while (i < prefix.length && token.charCodeAt(i) === prefix.charCodeAt(i)) i++;
      const shift = start - prefix.length;
      if (i === prefix.length) while (i < length && token.charCodeAt(i) === text.charCodeAt(shift + i)) i++;
      if (i === length) return id;
    }
  }

  tokenOf(id: number): string | undefined {
    return this.tokens[id];
  }

  /** `{ token: id }` in the order of ids. */
  toJSON(): { [token: string]: number } {
    const out: { [token: string]: number } = Object.create(null);
    for (let id = 0; id < this.tokens.length; id++) {
      const token = this.tokens[id];
      if (token !== undefined) out[token] = id;
    }
    return out;
  }
}
