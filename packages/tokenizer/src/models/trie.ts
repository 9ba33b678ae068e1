// A trie over UTF-16 units in typed arrays: one hash table from (node, unit) to node.

/** Finds all tokens that start at a place in a text. */
export class Trie {
  private readonly parents: Int32Array;
  private readonly units: Uint16Array;
  private readonly children: Int32Array;
  private readonly mask: number;
  private readonly values: Int32Array;

  /** `tokens[id]` gets the value `id`; of equal tokens the last. */
  constructor(tokens: readonly (string | undefined)[]) {
    let total = 0;
    for (const token of tokens) if (token !== undefined) total += token.length;
    // Shared prefixes make fewer nodes than units; the table is sized for the worst case, then cut down by one pass.
    let bits = 4;
    while (1 << bits < total * 1.25) bits++;
    this.mask = (1 << bits) - 1;
    this.parents = new Int32Array(1 << bits).fill(-1);
    this.units = new Uint16Array(1 << bits);
    this.children = new Int32Array(1 << bits);
    const values = new Int32Array(total + 1).fill(-1);
    let nodes = 1;
    for (let id = 0; id < tokens.length; id++) {
      const token = tokens[id];
      if (token === undefined || token.length === 0) continue;
      let node = 0;
      for (let i = 0; i < token.length; i++) {
        const unit = token.charCodeAt(i);
        const slot = this.slot(node, unit);
        if (this.parents[slot] === -1) {
          this.parents[slot] = node;
          this.units[slot] = unit;
          this.children[slot] = nodes++;
        }
        node = this.children[slot] as number;
      }
      values[node] = id;
    }
    this.values = values.slice(0, nodes);
  }

  private slot(node: number, unit: number): number {
    const { parents, units, mask } = this;
    let hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b);
    hash ^= hash >>> 15;
    let slot = hash & mask;
    while (parents[slot] !== -1 && !(parents[slot] === node && units[slot] === unit)) slot = (slot + 1) & mask;
    return slot;
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
