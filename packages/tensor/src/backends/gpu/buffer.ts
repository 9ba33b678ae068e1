// Handles of device memory. Tensors hold the handle, not what it points to: contents may not be there yet, may move, and
// may be replaced.
import type { Resident } from './gpujs';

/** Where contents lie. */
export interface Place {
  readonly resource: Resident;
  /** The first element, where several buffers share a resource. */
  readonly base: number;
}

/** What makes a buffer's contents when somebody first needs them. */
export interface Pending {
  /** Buffers that it reads: they live, and don't change, until it has run. */
  readonly reads: readonly GpuBuffer[];
  /** Launches the kernel. */
  run(): GpuBuffer;
  /** Lets go of a buffer in `reads`. */
  free(buffer: GpuBuffer): void;
}

/** One buffer of floats. */
export class GpuBuffer {
  private holders = 1;
  /** Buffers whose pending work reads this one. */
  private readers: Set<GpuBuffer> | null = null;
  private place: Place | null;
  private work: Pending | null;

  /** @param length elements; 0 for an empty tensor, which still has a resource. */
  constructor(
    from: Resident | Place | Pending,
    readonly length: number,
  ) {
    this.work = 'run' in from ? from : null;
    this.place = 'run' in from ? null : 'base' in from ? from : { resource: from, base: 0 };
    for (const read of this.work?.reads ?? []) {
      read.holders++;
      read.readers ??= new Set();
      read.readers.add(this);
    }
  }

  /** The contents; work that is pending starts now. */
  get resource(): Resident {
    return this.settled().resource;
  }

  /** The first element within the resource. */
  get base(): number {
    return this.settled().base;
  }

  /** What will make the contents; null once they are there. */
  get pending(): Pending | null {
    return this.work;
  }

  /** Call before the contents change: what still has to read them reads them now. */
  beforeWrite(): void {
    if (this.readers !== null) for (const reader of [...this.readers]) reader.settled();
  }

  /** Takes over the contents of `next`, which is no handle of anything afterwards. Returns one of what was here before. */
  swap(next: GpuBuffer): GpuBuffer {
    this.beforeWrite();
    const before = new GpuBuffer(this.settled(), this.length);
    this.place = next.settled();
    return before;
  }

  /** Lets one holder go; true where it was the last, and the contents (null where there never were any) may be freed. */
  release(): { readonly place: Place | null } | null {
    if (--this.holders > 0) return null;
    this.finish();
    return { place: this.place };
  }

  private settled(): Place {
    if (this.place === null) {
      // Where the work fails it stays: whoever needs the contents next fails likewise.
      this.place = this.work?.run().settled() ?? null;
      this.finish();
    }
    if (this.place === null) throw new Error('a buffer without contents and without work');
    return this.place;
  }

  private finish(): void {
    const { work } = this;
    this.work = null;
    for (const read of work?.reads ?? []) {
      read.readers?.delete(this);
      work?.free(read);
    }
  }
}
