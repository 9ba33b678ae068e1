// A vocabulary while it is read: units are written straight into its columns, and no string is made of any token.
import { longer } from '../text/column';
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
  private ends = new Int32Array(16);
  private length = 0;
  /** Whether every token came after those of smaller ids. */
  private inOrder = true;

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

  /** Gives the units from `start` on their id, which must be free and fit. */
  add(id: number, start: number): void {
    if (id + 1 >= this.starts.length) this.grow(id);
    this.starts[id] = start;
    this.ends[id] = this.used;
    if (id >= this.length) this.length = id + 1;
    else this.inOrder = false;
    this.count++;
  }

  private grow(id: number): void {
    const size = Math.max(id + 2, 2 * this.starts.length);
    const known = this.starts.length;
    this.starts = longer(this.starts, size).fill(-1, known);
    this.ends = longer(this.ends, size);
  }

  finish(): VocabColumns {
    const { units, used, starts, ends, length, inOrder } = this;
    const borders = starts.slice(0, length + 1);
    if (inOrder && this.count === length) {
      borders[length] = used;
      return { units: units.slice(0, used), starts: borders };
    }
    const sorted = new Uint16Array(used);
    let at = 0;
    for (let id = 0; id < length; id++) {
      const start = starts[id] as number;
      borders[id] = start < 0 ? ~at : at;
      if (start < 0) continue;
      sorted.set(units.subarray(start, ends[id]), at);
      at += (ends[id] as number) - start;
    }
    borders[length] = at;
    return { units: sorted, starts: borders };
  }
}
