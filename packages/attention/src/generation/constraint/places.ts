// Where a text stands in a pattern: what is still to be read, as a list of patterns one after the other. A place is made when
// a text comes to it, so that a pattern may have more of them than would ever fit: partial derivatives (Antimirov 1996).
import type { Pattern } from './pattern';
import { utf8Sequences } from './utf8';

/** Bytes of one character that are still to be read. */
interface Bytes {
  readonly kind: 'bytes';
  readonly lo: number;
  readonly hi: number;
  readonly next: Bytes | null;
}

type Item = Pattern | Bytes;

/** A place: an item, then what is behind it. The same one is the same object. */
export interface Place {
  readonly id: number;
  /** Null at the end. */
  readonly item: Item | null;
  readonly rest: Place | null;
  /** Bytes to the nearest end, of those that are written one by one: infinite where such a way there is none. */
  readonly cost: number;
  /** The places that this one is behind of. */
  readonly before: Map<Item, Place>;
}

/** The places of a pattern. */
export class Places {
  readonly end: Place = { id: 0, item: null, rest: null, cost: 0, before: new Map() };
  private count = 1;
  private readonly bytesOf = new Map<Pattern, readonly Bytes[]>();
  private readonly costs = new Map<Item, number>();
  private readonly alive = new Map<Pattern, boolean>();
  private readonly repeats = new Map<Pattern, Map<string, Pattern>>();

  /** @param written 1 for each byte that can be written by itself */
  constructor(private readonly written: Uint8Array) {}

  /** Whether any text matches. */
  matches(pattern: Pattern): boolean {
    return memo(this.alive, pattern, () => {
      switch (pattern.kind) {
        case 'class':
          return this.bytes(pattern).length > 0;
        case 'sequence':
          return pattern.parts.every((part) => this.matches(part));
        case 'choice':
          return pattern.options.some((option) => this.matches(option));
        case 'repeat':
          return pattern.least === 0 || this.matches(pattern.of);
      }
    });
  }

  /** The place before a pattern that something follows. */
  at(item: Item, rest: Place): Place {
    return memo(rest.before, item, () => {
      const cost = this.cost(item) + rest.cost;
      return { id: this.count++, item, rest, cost, before: new Map() };
    });
  }

  /** The places that are reached without reading, of those that read or end, in order. */
  reached(from: Iterable<Place>): readonly Place[] {
    const found: Place[] = [];
    const seen = new Set(from);
    const add = (item: Pattern, rest: Place): void => {
      if (this.matches(item)) seen.add(this.at(item, rest));
    };
    for (const place of seen) {
      const { item, rest } = place;
      if (item === null || rest === null || item.kind === 'class' || item.kind === 'bytes') found.push(place);
      else if (item.kind === 'sequence')
        seen.add(item.parts.reduceRight((behind, part) => this.at(part, behind), rest));
      else if (item.kind === 'choice') for (const option of item.options) add(option, rest);
      else {
        const { of, least, most } = item;
        if (least === 0) seen.add(rest);
        if (most > 0) add(of, this.at(this.repeated(of, Math.max(least - 1, 0), most - 1), rest));
      }
    }
    return found.sort((a, b) => a.id - b.id);
  }

  /** Where a byte leads from a place that reads; several ways where characters begin alike. */
  after({ item, rest }: Place, byte: number): readonly Place[] {
    if (item === null || rest === null) return [];
    const ways = item.kind === 'bytes' ? [item] : this.bytes(item);
    return ways.flatMap(({ lo, hi, next }) => {
      if (byte < lo || byte > hi) return [];
      return [next === null ? rest : this.at(next, rest)];
    });
  }

  /** All bytes that are read anywhere in a pattern. */
  *reads(pattern: Pattern, seen = new Set<Pattern>()): Generator<Bytes> {
    if (seen.has(pattern)) return;
    seen.add(pattern);
    if (pattern.kind === 'class')
      for (const way of this.bytes(pattern)) for (let at: Bytes | null = way; at !== null; at = at.next) yield at;
    else if (pattern.kind === 'sequence') for (const part of pattern.parts) yield* this.reads(part, seen);
    else if (pattern.kind === 'choice') for (const option of pattern.options) yield* this.reads(option, seen);
    else yield* this.reads(pattern.of, seen);
  }

  /** Bytes that the shortest text takes, of those that are written one by one. */
  cost(item: Item): number {
    return memo(this.costs, item, () => {
      switch (item.kind) {
        case 'bytes':
          return this.writes(item) ? 1 + (item.next === null ? 0 : this.cost(item.next)) : Number.POSITIVE_INFINITY;
        case 'class':
          return this.bytes(item).reduce((least, way) => Math.min(least, this.cost(way)), Number.POSITIVE_INFINITY);
        case 'sequence':
          return item.parts.reduce((sum, part) => sum + this.cost(part), 0);
        case 'choice':
          return item.options.reduce((least, own) => Math.min(least, this.cost(own)), Number.POSITIVE_INFINITY);
        case 'repeat':
          return item.least === 0 ? 0 : item.least * this.cost(item.of);
      }
    });
  }

  private writes({ lo, hi }: Bytes): boolean {
    return this.written.subarray(lo, hi + 1).includes(1);
  }

  private bytes(pattern: Pattern): readonly Bytes[] {
    if (pattern.kind !== 'class') return [];
    return memo(this.bytesOf, pattern, () =>
      pattern.ranges.flatMap(utf8Sequences).map((sequence) => {
        const [first, ...more] = sequence;
        const next = more.reduceRight<Bytes | null>((behind, range) => bytesBefore(range, behind), null);
        return bytesBefore(first, next);
      }),
    );
  }

  private repeated(of: Pattern, least: number, most: number): Pattern {
    const counts = memo(this.repeats, of, () => new Map<string, Pattern>());
    return memo(counts, `${least} ${most}`, () => ({ kind: 'repeat', of, least, most }));
  }
}

function bytesBefore([lo, hi]: readonly [number, number], next: Bytes | null): Bytes {
  return { kind: 'bytes', lo, hi, next };
}

function memo<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}
