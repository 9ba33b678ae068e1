// A batch in memory that threads share: its texts, in chunks that whoever has time claims, and room for their rows.
// Messages would copy both twice, through objects that each thread's collector has to clear away.
import { ownPart, type RaggedPart } from '../batch';
import type { Chunk } from './chunks';
import type { JoinedUnits } from './encode-joined';
import { writeEnds } from './protocol';

// Words of control.
const LEFT = 0; // chunks that nobody has: the first in the low half, the end of the last in the high half
const WRITTEN = 1; // chunks whose texts are there
const FRONT = 2; // tokens of workers, which have places from the first on
const BACK = 3; // tokens of the caller, which have places from the last back
const ENDED = 4; // workers that are done, and a MESSAGE for each that says more
const CONTROL = 5;

/** More than there are workers. */
const MESSAGE = 1 << 16;

/** Units in texts that are worth a call each. */
const MIN_CALLED = 32;

/** Where things are in the memory; a message carries it. */
export interface SharedLayout {
  readonly memory: SharedArrayBuffer;
  readonly texts: number;
  readonly chunks: number;
  /** UTF-16 units of all texts. */
  readonly units: number;
  /** Tokens that there is room for. */
  readonly room: number;
  /** Whether rows have offsets. */
  readonly offsets: boolean;
}

/** The methods of Node's buffers that are used. */
interface NodeBuffer {
  write(text: string, at: number, encoding: 'utf16le'): number;
  toString(encoding: 'utf16le', from: number, to: number): string;
}

function viewOf(memory: SharedArrayBuffer): NodeBuffer {
  return process.getBuiltinModule('node:buffer').Buffer.from(memory);
}

/** Rows of a chunk that go in a message. */
export interface PlacedPart {
  readonly chunk: number;
  readonly part: RaggedPart;
}

/** One thread's view of a shared batch. */
export class SharedBatch {
  private readonly control: Int32Array;
  /** First text of each chunk, and the end of the last. */
  private readonly firsts: Int32Array;
  /** First unit of each chunk, and the end of the last. */
  private readonly starts: Int32Array;
  /** Where each text ends in its chunk. */
  private readonly ends: Int32Array;
  /** Where each row starts in its chunk's tokens, and where the last ends. */
  private readonly rows: Int32Array;
  /** Place of each chunk's tokens, and how many there are. */
  private readonly places: Int32Array;
  private readonly counts: Int32Array;
  private readonly ids: Int32Array;
  private readonly offsets: Int32Array;
  private readonly textsAt: number;
  private readonly buffer: NodeBuffer;
  /** Rows of this thread that have no place in the memory. */
  readonly rest: PlacedPart[] = [];

  constructor(
    readonly layout: SharedLayout,
    private readonly thread: number,
  ) {
    const { memory, texts, chunks } = layout;
    let at = 0;
    const column = (length: number): Int32Array => {
      const from = at;
      at += 4 * length;
      return new Int32Array(memory, from, length);
    };
    this.control = column(CONTROL);
    this.firsts = column(chunks + 1);
    this.starts = column(chunks + 1);
    this.ends = column(texts);
    this.rows = column(texts + chunks);
    this.places = column(chunks);
    this.counts = column(chunks);
    this.ids = column(layout.room);
    this.offsets = column(layout.offsets ? 2 * layout.room : 0);
    this.textsAt = at;
    this.buffer = viewOf(memory);
  }

  /** Bytes that a batch takes. */
  static bytes(layout: Omit<SharedLayout, 'memory'>): number {
    const { texts, chunks, units, room, offsets } = layout;
    const columns = CONTROL + 2 * (chunks + 1) + texts + (texts + chunks) + 2 * chunks;
    return 4 * (columns + room * (offsets ? 3 : 1)) + 2 * units;
  }

  /** Says what the chunks are, and opens them to be claimed. */
  open(chunks: readonly Chunk[]): void {
    const { control, firsts, starts } = this;
    let start = 0;
    for (const [i, { first, units }] of chunks.entries()) {
      firsts[i] = first;
      starts[i] = start;
      start += units;
    }
    firsts[chunks.length] = this.layout.texts;
    starts[chunks.length] = start;
    Atomics.store(control, WRITTEN, 0);
    Atomics.store(control, FRONT, 0);
    Atomics.store(control, BACK, 0);
    Atomics.store(control, ENDED, 0);
    Atomics.store(control, LEFT, chunks.length << 16);
  }

  /** Writes a chunk's texts, in the order of chunks. */
  write(chunk: number, texts: readonly string[]): void {
    const { control, buffer, ends, firsts, starts } = this;
    const from = this.textsAt + 2 * (starts[chunk] as number);
    writeEnds(texts, ends, firsts[chunk] as number);
    const units = (starts[chunk + 1] as number) - (starts[chunk] as number);
    // A call for each of many short texts takes longer than to join them first, which is work for the collector, though.
    if (units < MIN_CALLED * texts.length) buffer.write(texts.join(''), from, 'utf16le');
    else for (let i = 0, at = from; i < texts.length; i++) at += buffer.write(texts[i] as string, at, 'utf16le');
    Atomics.store(control, WRITTEN, chunk + 1);
    Atomics.notify(control, WRITTEN);
  }

  /**
   * A chunk that nobody has; undefined when none is left. Workers take the first one. The thread that has the texts takes the
   * last one, so that it need not write what it encodes itself.
   */
  claim(): number | undefined {
    const { control, thread } = this;
    for (;;) {
      const left = Atomics.load(control, LEFT);
      const first = left & 0xffff;
      const last = (left >>> 16) - 1;
      if (first > last) return undefined;
      const rest = thread === 0 ? left - (1 << 16) : left + 1;
      if (Atomics.compareExchange(control, LEFT, left, rest | 0) === left) return thread === 0 ? last : first;
    }
  }

  /** How many chunks workers have claimed. */
  get taken(): number {
    return Atomics.load(this.control, LEFT) & 0xffff;
  }

  /** Leaves nothing to claim, and no thread waiting. */
  close(): void {
    const { control, layout } = this;
    Atomics.store(control, LEFT, 0);
    Atomics.store(control, WRITTEN, layout.chunks);
    Atomics.notify(control, WRITTEN);
    Atomics.store(control, ENDED, MESSAGE);
    Atomics.notify(control, ENDED);
  }

  /** The end of a worker's part. From here on it leaves the memory alone. */
  end(): void {
    Atomics.add(this.control, ENDED, this.rest.length === 0 ? 1 : MESSAGE);
    Atomics.notify(this.control, ENDED);
  }

  /** Waits for so many workers, for some milliseconds at the most. Whether all of them ended, and all rows are here. */
  allEnded(workers: number, patience: number): boolean {
    const { control } = this;
    const until = performance.now() + patience;
    let ended = Atomics.load(control, ENDED);
    for (let left = patience; ended < workers && left > 0; left = until - performance.now()) {
      Atomics.wait(control, ENDED, ended, left);
      ended = Atomics.load(control, ENDED);
    }
    return ended === workers;
  }

  /** A chunk's texts, for a worker, which waits for them. */
  read(chunk: number): JoinedUnits {
    const { control, starts, textsAt } = this;
    for (let written = 0; written <= chunk; ) {
      written = Atomics.load(control, WRITTEN);
      if (written <= chunk) Atomics.wait(control, WRITTEN, written);
    }
    const from = textsAt + 2 * (starts[chunk] as number);
    const to = textsAt + 2 * (starts[chunk + 1] as number);
    return {
      joined: this.buffer.toString('utf16le', from, to),
      units: new Uint16Array(this.layout.memory, from, (to - from) / 2),
      ends: this.ends.subarray(this.firsts[chunk], this.firsts[chunk + 1]),
    };
  }

  /**
   * A place for some tokens; undefined where there is no room. The workers' places grow from the first on and the caller's
   * from the last back, as their chunks do, so that neighbours are neighbours here, too, and are joined by one copy.
   */
  private placeFor(count: number): number | undefined {
    const { control, layout, thread } = this;
    const mine = Atomics.add(control, thread === 0 ? BACK : FRONT, count) + count;
    // Whoever is the second to ask for the same place finds that it is taken.
    if (mine + Atomics.load(control, thread === 0 ? FRONT : BACK) > layout.room) return undefined;
    return thread === 0 ? layout.room - mine : mine - count;
  }

  /** Puts this thread's rows of a chunk where the others find them, or into `rest`. */
  put(chunk: number, part: RaggedPart): void {
    const count = part.ids.length;
    const place = part.typeIds === undefined ? this.placeFor(count) : undefined;
    if (place === undefined) {
      this.rest.push({ chunk, part: ownPart(part) });
      return;
    }
    this.ids.set(part.ids, place);
    if (part.offsets !== undefined) this.offsets.set(part.offsets, 2 * place);
    this.rows.set(part.rows, (this.firsts[chunk] as number) + chunk);
    this.places[chunk] = place;
    this.counts[chunk] = count;
  }

  /** The rows of a chunk that a thread put here, to be copied before the memory serves another batch. */
  part(chunk: number): RaggedPart {
    const place = this.places[chunk] as number;
    const end = place + (this.counts[chunk] as number);
    return {
      ids: this.ids.subarray(place, end),
      typeIds: undefined,
      rows: this.rows.subarray((this.firsts[chunk] as number) + chunk, (this.firsts[chunk + 1] as number) + chunk + 1),
      offsets: this.layout.offsets ? this.offsets.subarray(2 * place, 2 * end) : undefined,
    };
  }
}
