// A vocabulary in the order of its bytes: a trie laid flat. Tokens that begin alike stand together, so that an automaton
// reads what they share once.
import type { TextCodec } from '../../text-codec';
import { type Automaton, DEAD } from './automaton';
import { firstTokenBytes, tokenBytes } from './token-bytes';

/** Tokens that may follow in a state, and the states behind them. */
export interface Continuations {
  readonly ids: Int32Array;
  readonly states: Int32Array;
}

/** Tokens sorted by their bytes. */
export class SortedVocabulary {
  /** Bytes of each id; undefined where there are none. */
  readonly bytes: readonly (Uint8Array | undefined)[];
  private readonly ids: Int32Array;
  /** How many bytes each token shares with the one before. */
  private readonly shared: Int32Array;
  private readonly longest: number;

  constructor(bytes: readonly (Uint8Array | undefined)[]) {
    this.bytes = bytes;
    const written = [...bytes.keys()].filter((id) => bytes[id] !== undefined);
    this.ids = Int32Array.from(written.sort((a, b) => compareBytes(this.of(a), this.of(b)) || a - b));
    this.shared = this.ids.map((id, i) => (i === 0 ? 0 : sharedBytes(this.of(this.ids[i - 1]), this.of(id))));
    this.longest = this.ids.reduce((most, id) => Math.max(most, this.of(id).length), 0);
  }

  /** A codec's vocabulary, sorted once. */
  static of(codec: TextCodec): SortedVocabulary {
    const known = vocabularies.get(codec) ?? new SortedVocabulary(tokenBytes(codec));
    vocabularies.set(codec, known);
    return known;
  }

  /** The same for the first token of a text of its own. */
  static firstOf(codec: TextCodec): SortedVocabulary {
    const known = firsts.get(codec) ?? new SortedVocabulary(firstTokenBytes(codec, SortedVocabulary.of(codec).bytes));
    firsts.set(codec, known);
    return known;
  }

  /** How many bytes all tokens have. */
  get size(): number {
    return this.ids.reduce((sum, id) => sum + this.of(id).length, 0);
  }

  /** 1 for each byte that is a token by itself. */
  get singleBytes(): Uint8Array {
    const found = new Uint8Array(256);
    for (const bytes of this.bytes) if (bytes?.length === 1) found[bytes[0]] = 1;
    return found;
  }

  /** Walks all tokens from a state. Each byte that several tokens share is read once. */
  from(automaton: Automaton, state: number): Continuations {
    const path = new Int32Array(this.longest + 1); // states after each byte of the current token
    path[0] = state;
    const ids: number[] = [];
    const states: number[] = [];
    let read = 0; // bytes of the path that are valid
    for (let i = 0; i < this.ids.length; i++) {
      const shared = this.shared[i];
      if (shared > read) continue; // the beginning that they share leads nowhere
      const bytes = this.of(this.ids[i]);
      read = shared;
      while (read < bytes.length) {
        const next = automaton.step(path[read], bytes[read]);
        if (next === DEAD) break;
        path[++read] = next;
      }
      if (read < bytes.length) continue;
      ids.push(this.ids[i]);
      states.push(path[read]);
    }
    return { ids: Int32Array.from(ids), states: Int32Array.from(states) };
  }

  private of(id: number): Uint8Array {
    return this.bytes[id] ?? NONE;
  }
}

const NONE = new Uint8Array(0);
const vocabularies = new WeakMap<TextCodec, SortedVocabulary>();
const firsts = new WeakMap<TextCodec, SortedVocabulary>();

function sharedBytes(a: Uint8Array, b: Uint8Array): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = sharedBytes(a, b);
  return n === a.length || n === b.length ? a.length - b.length : a[n] - b[n];
}
