// A vocabulary while it is read: units are written straight into its columns, and no string is made of any token.
import { maxId, type VocabColumns } from './vocab';

/**
 * Columns that tokens are added to, in any order of their ids. The units get as much room as they could need at once,
 * which costs nothing until it is used; where tokens start and end grows from little, so that the engine has seen it grow
 * before it compiles the loops.
 */
export class VocabBuilder {
  readonly units: Uint16Array;
  /** How many of the units are written: where the next token starts. */
  used = 0;
  /** Number of tokens. */
  count = 0;
  private starts = new Int32Array(16).fill(-1);
  private ends = new Int32Array(16).fill(-1);
  private hashes = new Int32Array(16);
  private length = 0;

  /** `room` is the most units that all tokens may have together. */
  constructor(room: number) {
    this.units = new Uint16Array(room);
  }

  has(id: number): boolean {
    return id < this.length && this.starts[id] !== -1;
  }

  /** Whether an id is not so high that it is a mistake, or an attack on memory. */
  fits(id: number): boolean {
    return id <= maxId(this.count + 1);
  }

  /** Gives the units from `start` on, whose hash is given, their id, which must be free and fit. */
  add(id: number, start: number, hash: number): void {
    if (id >= this.starts.length) this.grow(id);
    this.starts[id] = start;
    this.ends[id] = this.used;
    this.hashes[id] = hash;
    if (id >= this.length) this.length = id + 1;
    this.count++;
  }

  private grow(id: number): void {
    const size = Math.max(id + 1, 2 * this.starts.length);
    const larger = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const next = new Int32Array(size);
      next.set(old);
      return next.fill(-1, old.length);
    };
    this.starts = larger(this.starts);
    this.ends = larger(this.ends);
    this.hashes = larger(this.hashes);
  }

  finish(): VocabColumns {
    const { units, used, starts, ends, hashes, length } = this;
    return {
      units: units.slice(0, used),
      starts: starts.slice(0, length),
      ends: ends.slice(0, length),
      hashes: hashes.slice(0, length),
    };
  }
}
