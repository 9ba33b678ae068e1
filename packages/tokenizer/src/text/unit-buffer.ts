// The UTF-16 units of a text.

/** A longer buffer is not kept for the next text. */
const MAX_KEPT = 1 << 20;

/**
 * A text's units in an array that is used again. An engine finds out anew with each `charCodeAt` how a string is stored,
 * and goes through its parents where it is a slice of another: who reads units more than once reads them here.
 */
export class UnitBuffer {
  private units = new Uint16Array(64);

  /** Units [from, to) of the text, at the places that they have in it. Good until the next call. */
  load(text: string, from: number, to: number): Uint16Array {
    const kept = this.units.length;
    if (kept < text.length || (kept > MAX_KEPT && text.length <= MAX_KEPT)) this.units = roomFor(text.length);
    const { units } = this;
    for (let i = from; i < to; i++) units[i] = text.charCodeAt(i);
    return units;
  }
}

function roomFor(length: number): Uint16Array<ArrayBuffer> {
  let room = 64;
  while (room < length) room *= 2;
  return new Uint16Array(room > MAX_KEPT ? length : room);
}
