// Transposed copies of small matrices, kept until what they were made of is written or freed. A BLAS packs a matrix that lies
// transposed anew in each call, which for few rows takes longer than their products.
import type { Allocator } from './allocator';

interface Copy {
  readonly address: number;
  readonly rows: number;
  readonly columns: number;
}

/** The copies of an engine, by the buffers that they were made of. */
export class TransposedCopies {
  readonly #allocator: Allocator;
  readonly #copies = new Map<number, Copy>();

  constructor(allocator: Allocator) {
    this.#allocator = allocator;
  }

  /** Address of the copy of a buffer's first so many rows and columns, or 0. */
  find(buffer: number, rows: number, columns: number): number {
    const copy = this.#copies.get(buffer);
    return copy !== undefined && copy.rows === rows && copy.columns === columns ? copy.address : 0;
  }

  /** Keeps a copy, in place of the one that there was. */
  add(buffer: number, copy: Copy): void {
    this.drop(buffer);
    this.#copies.set(buffer, copy);
  }

  /** Forgets the copy of a buffer that has been written or freed. */
  drop(buffer: number): void {
    // Nearly always there is none, and this is asked for every buffer.
    if (this.#copies.size === 0) return;
    const copy = this.#copies.get(buffer);
    if (copy === undefined) return;
    this.#copies.delete(buffer);
    this.#allocator.free(copy.address);
  }

  /** Forgets all copies; false where there were none. */
  clear(): boolean {
    const some = this.#copies.size > 0;
    for (const buffer of [...this.#copies.keys()]) this.drop(buffer);
    return some;
  }
}
