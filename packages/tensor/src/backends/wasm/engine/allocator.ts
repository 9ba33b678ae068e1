// A two-level segregated-fit allocator (Masmano et al. 2004) over the linear memory: O(1), free neighbours are joined,
// so that sizes which change from step to step don't use the memory up. It knows bytes, not tensors.
import { BackendError, OutOfMemory } from '../../../errors';
import type { LinearMemory } from './memory';

// Everything is counted in units of 64 bytes: the alignment, and the length of the header in front of each block.
const UNIT = 64;
const UNIT_BITS = 6;
// Words of a header.
const SIZE = 0; // units, header included
const FREE = 1; // 1 while the block is free
const BEFORE = 2; // the block that ends where this one starts, 0 for none
const NEXT = 3; // neighbours in the list of free blocks
const PREVIOUS = 4;
const ASKED = 5; // bytes that the caller asked for
const MARK = 6; // tells an address that was never handed out

const LIVE = 0x4844_4c31;
const CLASSES = 8; // lists for each power of two
const SMALLEST = 2; // a header and its payload
const STEP_BYTES = 16 << 20;
const MAX_STEP_BYTES = 256 << 20;

/** Hands out 64-byte aligned blocks of a linear memory, and grows it up to a limit. */
export class Allocator {
  liveBytes = 0;
  peakBytes = 0;
  liveBuffers = 0;

  readonly #memory: LinearMemory;
  readonly #heads = new Int32Array(32 * CLASSES);
  readonly #classes = new Int32Array(32); // which lists of a power of two have blocks, one bit each
  #powers = 0; // which powers of two have lists with blocks
  #last = 0; // the block with the highest address
  #end: number; // units of the memory that are managed

  /** Manages the memory from byte `base` on; `limitBytes` bounds the whole memory. */
  constructor(
    memory: LinearMemory,
    base: number,
    readonly limitBytes: number,
  ) {
    this.#memory = memory;
    const first = Math.ceil(base / UNIT);
    this.#end = Math.floor(Math.min(memory.bytes, limitBytes) / UNIT);
    this.#add(first, this.#end - first, 0);
  }

  /** Address of a new block of at least `bytes` bytes. Its content is whatever was there. */
  alloc(bytes: number): number {
    if (bytes > this.limitBytes) throw new OutOfMemory('wasm', bytes, this.liveBytes, this.limitBytes);
    const units = Math.max(SMALLEST, Math.ceil(bytes / UNIT) + 1);
    let block = this.#find(units);
    if (block === 0) {
      this.#grow(units, bytes);
      block = this.#find(units);
    }
    this.#unlink(block);
    const words = this.#memory.i32;
    const at = block << 4;
    const rest = words[at + SIZE] - units;
    if (rest >= SMALLEST) {
      words[at + SIZE] = units;
      this.#add(block + units, rest, block);
    }
    words[at + FREE] = 0;
    words[at + ASKED] = bytes | 0;
    words[at + MARK] = LIVE;
    this.liveBuffers++;
    this.liveBytes += bytes;
    if (this.liveBytes > this.peakBytes) this.peakBytes = this.liveBytes;
    return (block + 1) * UNIT;
  }

  /** Takes a block back. Its address must have come from `alloc` and not have been freed since. */
  free(address: number): void {
    let words = this.#memory.i32;
    let block = (address >>> UNIT_BITS) - 1;
    let at = block << 4;
    if (block <= 0 || words[at + MARK] !== LIVE || words[at + FREE] !== 0) {
      throw new BackendError('wasm', `free: no live buffer at address ${address}`);
    }
    words[at + MARK] = 0;
    this.liveBuffers--;
    this.liveBytes -= words[at + ASKED] >>> 0;
    let size = words[at + SIZE];
    const after = block + size;
    if (after < this.#end && words[(after << 4) + FREE] === 1) {
      this.#unlink(after);
      size += words[(after << 4) + SIZE];
      if (after === this.#last) this.#last = block;
    }
    let before = words[at + BEFORE];
    if (before !== 0 && words[(before << 4) + FREE] === 1) {
      this.#unlink(before);
      size += words[(before << 4) + SIZE];
      if (block === this.#last) this.#last = before;
      block = before;
      at = block << 4;
      words = this.#memory.i32;
      before = words[at + BEFORE];
    }
    this.#add(block, size, before);
  }

  /** Whether a block that `alloc` gave is still taken. */
  isLive(address: number): boolean {
    const at = ((address >>> UNIT_BITS) - 1) << 4;
    return this.#memory.i32[at + MARK] === LIVE && this.#memory.i32[at + FREE] === 0;
  }

  /** Bytes that `alloc` was asked for, of the live block at an address. */
  sizeOf(address: number): number {
    return this.#memory.u32[(((address >>> UNIT_BITS) - 1) << 4) + ASKED];
  }

  // Makes a free block, tells its neighbour above about it, and puts it into its list.
  #add(block: number, size: number, before: number): void {
    const words = this.#memory.i32;
    const at = block << 4;
    words[at + SIZE] = size;
    words[at + FREE] = 1;
    words[at + BEFORE] = before;
    words[at + MARK] = 0;
    const after = block + size;
    if (after < this.#end) words[(after << 4) + BEFORE] = block;
    else this.#last = block;
    const list = listOf(size);
    const head = this.#heads[list];
    words[at + NEXT] = head;
    words[at + PREVIOUS] = 0;
    if (head !== 0) words[(head << 4) + PREVIOUS] = block;
    this.#heads[list] = block;
    this.#classes[list >> 3] |= 1 << (list & 7);
    this.#powers |= 1 << (list >> 3);
  }

  #unlink(block: number): void {
    const words = this.#memory.i32;
    const at = block << 4;
    const next = words[at + NEXT];
    const previous = words[at + PREVIOUS];
    if (next !== 0) words[(next << 4) + PREVIOUS] = previous;
    if (previous !== 0) {
      words[(previous << 4) + NEXT] = next;
      return;
    }
    const list = listOf(words[at + SIZE]);
    this.#heads[list] = next;
    if (next !== 0) return;
    this.#classes[list >> 3] &= ~(1 << (list & 7));
    if (this.#classes[list >> 3] === 0) this.#powers &= ~(1 << (list >> 3));
  }

  // A free block of at least `units`, 0 for none. Rounds up to the next class, all of whose blocks are long enough.
  #find(units: number): number {
    const rounded = units < CLASSES ? units : units + (1 << (31 - Math.clz32(units) - 3)) - 1;
    if (rounded > this.#end) return 0;
    const list = listOf(rounded);
    const power = list >> 3;
    const classes = this.#classes[power] & (-1 << (list & 7));
    if (classes !== 0) return this.#heads[(power << 3) | lowestBit(classes)];
    const powers = power === 31 ? 0 : this.#powers & (-1 << (power + 1));
    if (powers === 0) return 0;
    const higher = lowestBit(powers);
    return this.#heads[(higher << 3) | lowestBit(this.#classes[higher])];
  }

  // Lengthens the memory so that `units` fit at its end, in steps that keep the number of steps small.
  #grow(units: number, bytes: number): void {
    const memory = this.#memory;
    const words = memory.i32;
    const lastIsFree = this.#last !== 0 && words[(this.#last << 4) + FREE] === 1;
    const start = lastIsFree ? this.#last : this.#end;
    const rounded = units < CLASSES ? units : units + (1 << (31 - Math.clz32(units) - 3));
    const needed = (start + rounded) * UNIT;
    const step = Math.min(MAX_STEP_BYTES, Math.max(STEP_BYTES, memory.bytes / 2));
    const wanted = Math.min(this.limitBytes, Math.max(needed, memory.bytes + step));
    const fits = needed <= this.limitBytes && (memory.grow(wanted) || memory.grow(needed));
    if (!fits) throw new OutOfMemory('wasm', bytes, this.liveBytes, this.limitBytes);
    const end = Math.floor(Math.min(memory.bytes, this.limitBytes) / UNIT);
    const size = end - start;
    let before = this.#last;
    if (lastIsFree) {
      this.#unlink(start);
      before = memory.i32[(start << 4) + BEFORE];
    }
    this.#end = end;
    this.#add(start, size, before);
  }
}

// Eight lists for each power of two; blocks below 8 units have one list a size.
function listOf(units: number): number {
  if (units < CLASSES) return units;
  const log = 31 - Math.clz32(units);
  return ((log - 2) << 3) | ((units >> (log - 3)) & 7);
}

function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}
