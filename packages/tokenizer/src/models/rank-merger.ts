// Merges one word's bytes where any two neighbours whose union is a token merge, the lowest id first: tiktoken's way.
// No table of pairs is needed: the union is looked up by where it stands in the word.
import { longer } from '../text/column';
import { UNRANKED } from './pair-table';
import type { TokenSink } from './token-sink';
import { HASH_BASE, HASH_START, hashNext, isUnits, type Vocab } from './vocab';

/** Little at first: an engine that has seen the arrays grow before it compiles what fills them need not do so again. */
const ROOM = 4;

/** One word's bytes, each a unit of the byte alphabet, and what they have become. The arrays are used from word to word. */
export class RankMerger {
  /** The id of each byte, and then of each token, at its first byte. */
  ids = new Int32Array(ROOM);
  /** Where the character of each byte starts and ends. */
  starts = new Int32Array(ROOM);
  ends = new Int32Array(ROOM);
  /** Where each token ends, at its first byte. */
  private nexts = new Int32Array(ROOM);
  private previous = new Int32Array(ROOM);
  private units = new Uint16Array(ROOM);
  /** Hash of the bytes before each. */
  private hashes = new Int32Array(ROOM + 1);
  /**
   * What each token and the next would become, at its first byte; in front of these, in a binary tree, the least of any two
   * neighbours.
   */
  private tree = new Int32Array(2 * ROOM);
  length = 0;
  /** How many unions were looked up and nodes of the tree visited: what the tests of linearity count. */
  operations = 0;

  /** Powers of the hashes' base. */
  private readonly powers: Int32Array;

  /** Tokens of more than `longest` units are left out. */
  constructor(
    private readonly vocab: Vocab,
    private readonly longest: number,
  ) {
    this.powers = new Int32Array(longest + 1).fill(1);
    for (let i = 1; i <= longest; i++) this.powers[i] = Math.imul(this.powers[i - 1] as number, HASH_BASE);
  }

  clear(): void {
    this.length = 0;
    this.hashes[0] = HASH_START;
  }

  push(unit: number, id: number, start: number, end: number): void {
    const at = this.length++;
    if (at === this.ids.length) this.grow();
    this.units[at] = unit;
    this.ids[at] = id;
    this.starts[at] = start;
    this.ends[at] = end;
    this.hashes[at + 1] = hashNext(this.hashes[at] as number, unit);
  }

  private grow(): void {
    const size = 2 * this.ids.length;
    this.ids = longer(this.ids, size);
    this.starts = longer(this.starts, size);
    this.ends = longer(this.ends, size);
    this.units = longer(this.units, size);
    this.hashes = longer(this.hashes, size + 1);
    this.nexts = new Int32Array(size);
    this.previous = new Int32Array(size);
    this.tree = new Int32Array(2 * size);
  }

  /** The id of the bytes [start, end) as one token, or {@link UNRANKED}. */
  idOf(start: number, end: number): number {
    this.operations++;
    if (end - start > this.longest) return UNRANKED;
    const { hashes, powers, vocab, units } = this;
    const { index } = vocab;
    const before = Math.imul(hashes[start] as number, powers[end - start] as number);
    const hash = ((hashes[end] as number) - before) | 0;
    for (let slot = -1; ; ) {
      slot = index.seek(hash, slot);
      const id = index.at(slot);
      if (id < 0) return UNRANKED;
      if (isUnits(vocab, id, units, start, end)) return id;
    }
  }

  /** Appends what the word's bytes become when they merge until nothing merges. */
  merge(out: TokenSink): void {
    this.join();
    const { ids, nexts, starts, ends, length } = this;
    for (let at = 0; at < length; ) {
      const next = nexts[at] as number;
      out.push(ids[at] as number, starts[at] as number, ends[next - 1] as number);
      at = next;
    }
  }

  private join(): void {
    const { ids, nexts, previous, tree, length } = this;
    let leaves = 1;
    while (leaves < length) leaves *= 2;
    for (let at = 0; at < length; at++) {
      nexts[at] = at + 1;
      previous[at] = at - 1;
      tree[leaves + at] = at + 1 < length ? this.idOf(at, at + 2) : UNRANKED;
    }
    tree.fill(UNRANKED, leaves + length, 2 * leaves);
    for (let node = leaves - 1; node > 0; node--)
      tree[node] = Math.min(tree[2 * node] as number, tree[2 * node + 1] as number);
    for (let least = tree[1] as number; least !== UNRANKED; least = tree[1] as number) {
      let node = 1;
      while (node < leaves) {
        node *= 2;
        if (tree[node] !== least) node++;
      }
      const at = node - leaves;
      const gone = nexts[at] as number;
      const next = nexts[gone] as number;
      const before = previous[at] as number;
      ids[at] = least;
      nexts[at] = next;
      if (next < length) previous[next] = at;
      this.put(leaves + gone, UNRANKED);
      this.put(leaves + at, next < length ? this.idOf(at, nexts[next] as number) : UNRANKED);
      if (before >= 0) this.put(leaves + before, this.idOf(before, next));
    }
  }

  /** Changes a leaf of the tree, and what is above it. */
  private put(leaf: number, id: number): void {
    const { tree } = this;
    tree[leaf] = id;
    for (let node = leaf; node > 1; ) {
      const least = Math.min(tree[node] as number, tree[node ^ 1] as number);
      node >>= 1;
      this.operations++;
      if (tree[node] === least) return;
      tree[node] = least;
    }
  }
}
