// The UTF-16 units of a text.

/** A longer buffer is not kept for the next text. */
const MAX_KEPT = 1 << 20;
/** Shorter texts are read sooner than Node is called. */
const MIN_CALLED = 32;

/** The one method of Node's buffers that is used. */
interface NodeBuffer {
  write(text: string, encoding: 'utf16le'): number;
}

/** Node's view of the units, which takes a whole text in one call; undefined elsewhere, and where units are stored otherwise. */
function nodeView(units: Uint16Array<ArrayBuffer>): NodeBuffer | undefined {
  if (typeof process === 'undefined') return undefined;
  const view = process.getBuiltinModule?.('node:buffer')?.Buffer.from(units.buffer);
  view?.write('a', 'utf16le');
  return units[0] === 0x61 ? view : undefined;
}

/**
 * A text's units in an array that is used again. An engine finds out anew with each `charCodeAt` how a string is stored,
 * and goes through its parents where it is a slice of another: who reads units more than once reads them here.
 */
export class UnitBuffer {
  private units = new Uint16Array(64);
  private view = nodeView(this.units);

  /** Units [from, to) of the text, at the places that they have in it. Good until the next call. */
  load(text: string, from: number, to: number): Uint16Array {
    const kept = this.units.length;
    if (kept < text.length || (kept > MAX_KEPT && text.length <= MAX_KEPT)) {
      this.units = roomFor(text.length);
      this.view = nodeView(this.units);
    }
    const { units, view } = this;
    if (view !== undefined && from === 0 && to === text.length && to >= MIN_CALLED) view.write(text, 'utf16le');
    else for (let i = from; i < to; i++) units[i] = text.charCodeAt(i);
    return units;
  }
}

function roomFor(length: number): Uint16Array<ArrayBuffer> {
  let room = 64;
  while (room < length) room *= 2;
  return new Uint16Array(room > MAX_KEPT ? length : room);
}
