// Patterns as deterministic automata over the bytes of UTF-8: one table look-up a byte, whatever the pattern. Thompson's
// construction, then subsets (Rabin & Scott 1959); states from which no text can be finished are left out.
import { ArgumentError } from '@heddle/tensor';
import type { Pattern } from './pattern';
import { utf8Sequences } from './utf8';

/** Larger automata are refused: patterns that count what alternates grow without end. */
const MOST_STATES = 20_000;
const MOST_NODES = 400_000;

/** Where no text goes. */
export const DEAD = -1;

/** Which texts match, byte by byte. State 0 is the start. */
export class Automaton {
  constructor(
    /** Class of each byte: bytes of a class lead everywhere to the same state. */
    private readonly classes: Uint8Array,
    private readonly classCount: number,
    /** `[state · classCount + class]` to the next state. */
    private readonly table: Int32Array,
    /** 1 where a text may end. */
    private readonly final: Uint8Array,
  ) {}

  get states(): number {
    return this.final.length;
  }

  /** The state after a byte. */
  step(state: number, byte: number): number {
    return this.table[state * this.classCount + this.classes[byte]];
  }

  accepts(state: number): boolean {
    return this.final[state] === 1;
  }
}

/**
 * @throws {ArgumentError} where nothing matches, or the automaton would be too large.
 */
export function compile(pattern: Pattern, argument = 'pattern'): Automaton {
  const graph = new Graph(argument);
  const start = graph.node();
  const last = graph.add(pattern, start);
  const end = graph.node(); // which nothing leaves
  graph.free[last].push(end);
  return determine(graph, start, end, argument);
}

/** A nondeterministic automaton: edges that read a byte, and edges that read nothing. */
class Graph {
  readonly free: number[][] = [];
  readonly edges: (readonly [lo: number, hi: number, to: number])[][] = [];

  constructor(private readonly argument: string) {}

  node(): number {
    if (this.free.length >= MOST_NODES) throw tooLarge(this.argument);
    this.free.push([]);
    this.edges.push([]);
    return this.free.length - 1;
  }

  /** Adds a pattern behind a node; gives the node behind it. */
  add(pattern: Pattern, from: number): number {
    switch (pattern.kind) {
      case 'class':
        return this.addClass(pattern.ranges.flatMap(utf8Sequences), from);
      case 'sequence':
        return pattern.parts.reduce((at, part) => this.add(part, at), from);
      case 'choice': {
        const end = this.node();
        for (const option of pattern.options) {
          const begin = this.node();
          this.free[from].push(begin);
          this.free[this.add(option, begin)].push(end);
        }
        return end;
      }
      case 'repeat': {
        const { of, least, most } = pattern;
        let at = from;
        for (let i = 0; i < least; i++) at = this.add(of, at);
        if (most === Number.POSITIVE_INFINITY) {
          const loop = this.node();
          this.free[at].push(loop);
          this.free[this.add(of, loop)].push(loop);
          return loop;
        }
        const end = this.node();
        for (let i = least; i < most; i++) {
          this.free[at].push(end);
          const begin = this.node();
          this.free[at].push(begin);
          at = this.add(of, begin);
        }
        this.free[at].push(end);
        return end;
      }
    }
  }

  private addClass(sequences: readonly (readonly (readonly [number, number])[])[], from: number): number {
    const end = this.node();
    for (const bytes of sequences) {
      let at = from;
      bytes.forEach(([lo, hi], i) => {
        const to = i === bytes.length - 1 ? end : this.node();
        this.edges[at].push([lo, hi, to]);
        at = to;
      });
    }
    return end;
  }
}

function determine(graph: Graph, start: number, end: number, argument: string): Automaton {
  const { classes, representatives } = byteClasses(graph);
  const C = representatives.length;
  const known = new Map<string, number>();
  const sets: Int32Array[] = [];
  const stateOf = (nodes: Iterable<number>): number => {
    const set = closure(graph, nodes);
    const key = set.join();
    const found = known.get(key);
    if (found !== undefined) return found;
    if (sets.length >= MOST_STATES) throw tooLarge(argument);
    known.set(key, sets.length);
    return sets.push(set) - 1;
  };
  stateOf([start]);
  const rows: number[] = [];
  for (let state = 0; state < sets.length; state++) {
    for (const byte of representatives) {
      const reached = new Set<number>();
      for (const node of sets[state])
        for (const [lo, hi, to] of graph.edges[node]) if (byte >= lo && byte <= hi) reached.add(to);
      rows.push(reached.size === 0 ? DEAD : stateOf(reached));
    }
  }
  const final = Uint8Array.from(sets, (set) => (set.includes(end) ? 1 : 0));
  return trimmed(classes, C, Int32Array.from(rows), final, argument);
}

/** Nodes that are reached without reading, in order. Only those that read, or end, tell states apart. */
function closure(graph: Graph, nodes: Iterable<number>): Int32Array {
  const seen = new Set(nodes);
  for (const node of seen) for (const to of graph.free[node]) seen.add(to);
  const telling = [...seen].filter((node) => graph.edges[node].length > 0 || graph.free[node].length === 0);
  return Int32Array.from(telling).sort();
}

/** Bytes that no edge tells apart share a class. */
function byteClasses(graph: Graph): { readonly classes: Uint8Array; readonly representatives: readonly number[] } {
  const borders = new Uint8Array(257);
  borders[0] = 1;
  for (const edges of graph.edges)
    for (const [lo, hi] of edges) {
      borders[lo] = 1;
      borders[hi + 1] = 1;
    }
  const classes = new Uint8Array(256);
  const representatives: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    if (borders[byte] === 1) representatives.push(byte);
    classes[byte] = representatives.length - 1;
  }
  return { classes, representatives };
}

/** Leaves out states from which no final one is reached. */
function trimmed(classes: Uint8Array, C: number, table: Int32Array, final: Uint8Array, argument: string): Automaton {
  const before: number[][] = Array.from(final, () => []);
  table.forEach((to, i) => {
    if (to !== DEAD) before[to].push(Math.floor(i / C));
  });
  const live = new Set<number>();
  final.forEach((isFinal, state) => {
    if (isFinal === 1) live.add(state);
  });
  for (const state of live) for (const from of before[state]) live.add(from);
  if (!live.has(0))
    throw new ArgumentError('generate', argument, 'a pattern that some text matches', 'one without any');
  const order = [...live].sort((a, b) => a - b);
  const renamed = new Map(order.map((state, i) => [state, i]));
  const rows = order.flatMap((state) =>
    Array.from(table.subarray(state * C, (state + 1) * C), (to) => renamed.get(to) ?? DEAD),
  );
  return new Automaton(
    classes,
    C,
    Int32Array.from(rows),
    Uint8Array.from(order, (state) => final[state]),
  );
}

function tooLarge(argument: string): ArgumentError {
  return new ArgumentError(
    'generate',
    argument,
    `a pattern whose automaton has at most ${MOST_STATES} states: count less, leave lengths open, or let a schema go less deep`,
    'a larger one',
  );
}
