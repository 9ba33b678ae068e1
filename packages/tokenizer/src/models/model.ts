// What a model is, and the vocabulary that all of them share.
import { TokenizerError } from '../errors';
import type { Fields, JsonObject } from '../json';
import type { TokenSink } from './token-sink';

/** Turns one word into tokens. */
export interface Model {
  readonly vocab: Vocab;
  /** What `tokenizer.json` holds for it; big, so built on demand. */
  toJSON(): JsonObject;
  /** Appends the tokens of `word` to `out`, with ranges in the word's UTF-16 units. */
  tokenize(word: string, out: TokenSink): void;
  /** The id whose token is spelt as the text itself: Unigram's unknown token. */
  readonly unknownSpelling?: number | undefined;
  /** False where the same word may give different tokens (dropout), so that nothing may be cached. */
  readonly deterministic: boolean;
}

/** Tokens by id and ids by token. Ids may have holes; two tokens may share no id. */
export class Vocab {
  /** Token of each id; a hole is undefined. */
  readonly tokens: (string | undefined)[];
  private readonly ids: Map<string, number>;

  constructor(tokens: (string | undefined)[], ids?: Map<string, number>) {
    this.tokens = tokens;
    this.ids = ids ?? new Map();
    if (ids === undefined)
      for (let id = 0; id < tokens.length; id++) {
        const token = tokens[id];
        if (token !== undefined) this.ids.set(token, id);
      }
  }

  /** Reads a `{ token: id }` object. */
  static read(fields: Fields, name: string): Vocab {
    const raw = fields.raw(name);
    const map = fields.child(name);
    const tokens: (string | undefined)[] = [];
    const ids = new Map<string, number>();
    const limit = 16_000_000;
    for (const [token, id] of Object.entries(raw as Record<string, unknown>)) {
      if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > limit)
        throw map.error(token, `an id, a whole number from 0 to ${limit}`, id);
      if (tokens[id] !== undefined) throw map.error(token, `an id of its own, not that of ${tokens[id]}`, id);
      while (tokens.length < id) tokens.push(undefined);
      tokens[id] = token;
      ids.set(token, id);
    }
    return new Vocab(tokens, ids);
  }

  /** Number of tokens, holes not counted. */
  get size(): number {
    return this.ids.size;
  }

  idOf(token: string): number | undefined {
    return this.ids.get(token);
  }

  tokenOf(id: number): string | undefined {
    return this.tokens[id];
  }

  entries(): IterableIterator<[string, number]> {
    return this.ids.entries();
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

/** The error for text that the vocabulary cannot spell when it names no unknown token. */
export function missingUnknown(token: string | undefined): TokenizerError {
  return new TokenizerError({
    kind: 'vocabulary',
    where: 'model.unk_token',
    expected:
      token === undefined
        ? 'an unknown token for text outside the vocabulary'
        : `${JSON.stringify(token)} in the vocabulary`,
  });
}
