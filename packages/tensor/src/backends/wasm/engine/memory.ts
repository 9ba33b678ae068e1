// One linear memory and the typed views of it. What lies where in it is the allocator's.

const PAGE = 65_536;
const MAX_PAGES = 65_536;

/** The most bytes that a WebAssembly memory of 32-bit addresses holds. */
export const MAX_BYTES = PAGE * MAX_PAGES;

/** A linear memory that grows. Its views are made anew when it does, so take them from here each time. */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  f32!: Float32Array;
  i32!: Int32Array;
  u32!: Uint32Array;
  u8!: Uint8Array;

  constructor(shared: boolean, initialBytes: number) {
    this.shared = shared;
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(initialBytes / PAGE), maximum: MAX_PAGES, shared });
    this.#refresh();
  }

  /** Bytes of the memory. */
  get bytes(): number {
    return this.u8.byteLength;
  }

  /** Makes the memory `bytes` long, or a little longer; false where the system refuses. */
  grow(bytes: number): boolean {
    const pages = Math.ceil((bytes - this.bytes) / PAGE);
    if (pages <= 0) return true;
    try {
      this.memory.grow(pages);
    } catch {
      return false;
    }
    this.#refresh();
    return true;
  }

  #refresh(): void {
    const { buffer } = this.memory;
    this.f32 = new Float32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u8 = new Uint8Array(buffer);
  }
}
