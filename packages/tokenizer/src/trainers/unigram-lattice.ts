// All ways to cut one word into pieces, at once: expected counts, the best way, the best way without one piece.

import { toColumns } from '../models/vocab';
import { unitsAt } from '../text/char-class';
import { longer } from '../text/column';
import { Trie } from './trie';
import type { Piece } from './unigram-seeds';

const UNKNOWN_PENALTY = 10;
/** Id of the unknown piece while training. */
export const UNKNOWN = 0;

function logAdd(x: number, y: number): number {
  if (x === Number.NEGATIVE_INFINITY) return y;
  if (y === Number.NEGATIVE_INFINITY) return x;
  const [low, high] = x > y ? [y, x] : [x, y];
  return high > low + 50 ? high : high + Math.log(Math.exp(low - high) + 1);
}

/** The pieces of one step of training, ready to look up. */
export class UnigramLattice {
  private readonly trie: Trie;
  private readonly scores: Float64Array;
  private readonly unknownScore: number;
  // The edges of the word at hand: start, end and piece of each, in the order of their starts.
  private starts = new Int32Array(256);
  private ends = new Int32Array(256);
  private ids = new Int32Array(256);
  private edges = 0;
  private forward = new Float64Array(64);
  private backward = new Float64Array(64);
  private via = new Int32Array(64);

  constructor(pieces: readonly Piece[]) {
    this.trie = new Trie(toColumns(pieces.map(({ text }, id) => (id === UNKNOWN ? undefined : text))));
    this.scores = Float64Array.from(pieces, ({ score }) => score);
    let lowest = Number.POSITIVE_INFINITY;
    for (let id = 1; id < pieces.length; id++) lowest = Math.min(lowest, this.scores[id] as number);
    this.unknownScore = lowest - UNKNOWN_PENALTY;
  }

  private scoreOf(id: number): number {
    return id === UNKNOWN ? this.unknownScore : (this.scores[id] as number);
  }

  private edge(start: number, end: number, id: number): void {
    if (this.edges === this.ids.length) {
      this.starts = longer(this.starts);
      this.ends = longer(this.ends);
      this.ids = longer(this.ids);
    }
    const at = this.edges++;
    this.starts[at] = start;
    this.ends[at] = end;
    this.ids[at] = id;
  }

  /** Lists the word's edges; `without` is a piece that may not be used. */
  private spread(word: string, without: number): void {
    this.edges = 0;
    for (let start = 0; start < word.length; ) {
      const units = unitsAt(word, start);
      let single = false;
      let node = 0;
      for (let at = start; at < word.length; ) {
        node = this.trie.child(node, word.charCodeAt(at++));
        if (node < 0) break;
        const id = this.trie.valueOf(node);
        if (id < 0) continue;
        if (at - start === units) single = true;
        if (id !== without) this.edge(start, at, id);
      }
      if (!single) this.edge(start, start + units, UNKNOWN);
      start += units;
    }
  }

  private prepare(word: string): void {
    if (word.length >= this.forward.length) {
      this.forward = new Float64Array(2 * word.length);
      this.backward = new Float64Array(2 * word.length);
      this.via = new Int32Array(2 * word.length);
    }
  }

  /** Adds `count` times the expected number of each piece in the word to `expected`. Returns the log-likelihood. */
  expect(word: string, count: number, expected: Float64Array): number {
    this.spread(word, -1);
    this.prepare(word);
    const { forward, backward, starts, ends, ids, edges } = this;
    const size = word.length;
    forward.fill(Number.NEGATIVE_INFINITY, 0, size + 1);
    backward.fill(Number.NEGATIVE_INFINITY, 0, size + 1);
    forward[0] = 0;
    backward[size] = 0;
    for (let e = 0; e < edges; e++) {
      const end = ends[e] as number;
      forward[end] = logAdd(
        forward[end] as number,
        (forward[starts[e] as number] as number) + this.scoreOf(ids[e] as number),
      );
    }
    for (let e = edges - 1; e >= 0; e--) {
      const start = starts[e] as number;
      backward[start] = logAdd(
        backward[start] as number,
        (backward[ends[e] as number] as number) + this.scoreOf(ids[e] as number),
      );
    }
    const total = forward[size] as number;
    for (let e = 0; e < edges; e++) {
      const id = ids[e] as number;
      const path =
        (forward[starts[e] as number] as number) + this.scoreOf(id) + (backward[ends[e] as number] as number);
      expected[id] = (expected[id] as number) + count * Math.exp(path - total);
    }
    return total;
  }

  /** The best way to cut the word, without one piece where `without` names it; undefined where there is none. */
  best(word: string, without = -1): { readonly ids: number[]; readonly score: number } | undefined {
    this.spread(word, without);
    this.prepare(word);
    const { forward: best, via, starts, ends, ids, edges } = this;
    const size = word.length;
    best.fill(Number.NEGATIVE_INFINITY, 0, size + 1);
    best[0] = 0;
    for (let e = 0; e < edges; e++) {
      const end = ends[e] as number;
      const score = (best[starts[e] as number] as number) + this.scoreOf(ids[e] as number);
      if (score > (best[end] as number)) {
        best[end] = score;
        via[end] = e;
      }
    }
    const score = best[size] as number;
    if (score === Number.NEGATIVE_INFINITY) return undefined;
    const path: number[] = [];
    for (let at = size; at > 0; at = starts[via[at] as number] as number) path.push(ids[via[at] as number] as number);
    return { ids: path.reverse(), score };
  }
}
