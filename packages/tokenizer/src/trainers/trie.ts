// A trie over UTF-16 units in typed arrays: one hash table from (node, unit) to node.
import type { VocabColumns } from '../models/vocab';

/** Slots for each node, at the least. */
const SPARSENESS = 1.25;

/** Finds all tokens that start at a place in a text. */
export class Trie {
  private parents: Int32Array;
  private units: Uint16Array;
  private children: Int32Array;
  private mask: number;
  /** Number of nodes: the root is there from the start. */
  private nodes = 1;
  private readonly values: Int32Array;

  /** Tokens get their ids as values, of equal tokens the last. */
  constructor({ units, starts }: VocabColumns) {
    // How many prefixes tokens share isn't known: two nodes for each are a start.
    let bits = 4;
    while (1 << bits < 2 * starts.length * SPARSENESS) bits++;
    this.mask = (1 << bits) - 1;
    this.parents = new Int32Array(1 << bits).fill(-1);
    this.units = new Uint16Array(1 << bits);
    this.children = new Int32Array(1 << bits);
    const values = new Int32Array(units.length + 1).fill(-1);
    for (let id = 0; id + 1 < starts.length; id++) {
      const start = starts[id] as number;
      const next = starts[id + 1] as number;
      const end = next < 0 ? ~next : next;
      if (end === start || start < 0) continue;
      let node = 0;
      for (let i = start; i < end; i++) {
        const unit = units[i] as number;
        const slot = this.slot(node, unit);
        node = this.parents[slot] === -1 ? this.add(slot, node, unit) : (this.children[slot] as number);
      }
      values[node] = id;
    }
    this.values = values.slice(0, this.nodes);
  }

  private slot(node: number, unit: number): number {
    const { parents, units, mask } = this;
    let hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b);
    hash ^= hash >>> 15;
    let slot = hash & mask;
    while (parents[slot] !== -1 && !(parents[slot] === node && units[slot] === unit)) slot = (slot + 1) & mask;
    return slot;
  }

  /** Puts a new node into a free slot. */
  private add(slot: number, parent: number, unit: number): number {
    this.parents[slot] = parent;
    this.units[slot] = unit;
    this.children[slot] = this.nodes;
    if (this.nodes * SPARSENESS > this.mask) this.grow();
    return this.nodes++;
  }

  private grow(): void {
    const { parents, units, children } = this;
    this.mask = 2 * this.mask + 1;
    this.parents = new Int32Array(this.mask + 1).fill(-1);
    this.units = new Uint16Array(this.mask + 1);
    this.children = new Int32Array(this.mask + 1);
    for (let old = 0; old < parents.length; old++) {
      const parent = parents[old] as number;
      if (parent === -1) continue;
      const unit = units[old] as number;
      const slot = this.slot(parent, unit);
      this.parents[slot] = parent;
      this.units[slot] = unit;
      this.children[slot] = children[old] as number;
    }
  }

  /** The node below `node` (the root is 0) by `unit`, or −1. */
  child(node: number, unit: number): number {
    const slot = this.slot(node, unit);
    return this.parents[slot] === -1 ? -1 : (this.children[slot] as number);
  }

  /** The id of the token that ends at a node, or −1. */
  valueOf(node: number): number {
    return this.values[node] as number;
  }
}
