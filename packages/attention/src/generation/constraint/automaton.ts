// Patterns as deterministic automata over the bytes of UTF-8: one table look-up a byte. A state is a set of places in the
// pattern (Rabin & Scott 1959), made when a text first comes to it, so that what a pattern could lead to needn't fit.
import { ArgumentError } from '@heddle/tensor';
import type { Pattern } from './pattern';
import { type Place, Places } from './places';

/** More states, or places in all of them, are refused: patterns that count what alternates lead to them. */
const MOST_STATES = 200_000;
const MOST_PLACES = 1_000_000;

/** Where no text goes. */
export const DEAD = -1;

/** What isn't known yet, in the table. */
const UNKNOWN = -2;

/** Which texts match, byte by byte. State 0 is the start; from every state some text ends. */
export class Automaton {
  /** Class of each byte: bytes of a class lead everywhere to the same state. */
  private readonly classes: Uint8Array;
  /** A byte of each class. */
  private readonly representatives: readonly number[];
  private readonly sets: (readonly Place[])[] = [];
  /** Bytes from each state to the nearest end, of those that are written one by one. */
  private readonly ends: number[] = [];
  /** Of each state, the state behind each class. */
  private readonly rows: Int32Array[] = [];
  private readonly known = new Map<string, number>();
  private places = 0;

  constructor(
    private readonly pattern: Pattern,
    private readonly made: Places,
    private readonly argument: string,
  ) {
    const { classes, representatives } = byteClasses(made, pattern);
    this.classes = classes;
    this.representatives = representatives;
    this.stateOf([made.at(pattern, made.end)]);
  }

  /** How many states there are by now. */
  get states(): number {
    return this.sets.length;
  }

  /**
   * The state after a byte.
   *
   * @throws {ArgumentError} where texts have come to more states than are kept.
   */
  step(state: number, byte: number): number {
    if (state === DEAD) return DEAD;
    const kind = this.classes[byte];
    const row = this.rows[state];
    if (row[kind] === UNKNOWN) row[kind] = this.stateOf(this.sets[state].flatMap((own) => this.made.after(own, byte)));
    return row[kind];
  }

  accepts(state: number): boolean {
    return this.ends[state] === 0;
  }

  /** Bytes to the nearest end, of those that are written one by one: infinite where there is no such way. */
  distance(state: number): number {
    return this.ends[state] ?? Number.POSITIVE_INFINITY;
  }

  /** Whether bytes that are written one by one can go every way. */
  get writable(): boolean {
    for (const bytes of this.made.reads(this.pattern))
      if (this.made.cost(bytes) === Number.POSITIVE_INFINITY) return false;
    return true;
  }

  /** Makes all states, where there are no more than `most`; says whether it did. */
  explore(most: number): boolean {
    for (let state = 0; state < this.states; state++) {
      if (this.states > most) return false;
      for (const byte of this.representatives) this.step(state, byte);
    }
    return true;
  }

  private stateOf(from: readonly Place[]): number {
    if (from.length === 0) return DEAD;
    const set = this.made.reached(from);
    const key = set.map(({ id }) => id).join();
    const known = this.known.get(key);
    if (known !== undefined) return known;
    this.places += set.length;
    if (this.states >= MOST_STATES || this.places > MOST_PLACES)
      throw new ArgumentError(
        'generate',
        this.argument,
        `a pattern that leads to at most ${MOST_STATES} states: count less of what alternates, or leave lengths open`,
        'one that leads to more',
      );
    this.known.set(key, this.states);
    this.ends.push(set.reduce((least, { cost }) => Math.min(least, cost), Number.POSITIVE_INFINITY));
    this.rows.push(new Int32Array(this.representatives.length).fill(UNKNOWN));
    return this.sets.push(set) - 1;
  }
}

/**
 * @param written 1 for each byte that can be written by itself: all where nothing is said
 * @throws {ArgumentError} where nothing matches.
 */
export function compile(
  pattern: Pattern,
  argument = 'pattern',
  written: Uint8Array = new Uint8Array(256).fill(1),
): Automaton {
  const places = new Places(written);
  if (!places.matches(pattern))
    throw new ArgumentError('generate', argument, 'a pattern that some text matches', 'one without any');
  return new Automaton(pattern, places, argument);
}

/** Bytes that nothing in a pattern tells apart share a class. */
function byteClasses(
  places: Places,
  pattern: Pattern,
): { readonly classes: Uint8Array; readonly representatives: readonly number[] } {
  const borders = new Uint8Array(257);
  borders[0] = 1;
  for (const { lo, hi } of places.reads(pattern)) {
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
