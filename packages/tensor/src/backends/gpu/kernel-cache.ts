// Compiled kernels by key, the least recently used thrown out first. What a kernel is, the device knows.

/** A bounded cache. */
export class KernelCache<K> {
  private readonly held = new Map<string, K>();

  constructor(
    private readonly capacity: number,
    private readonly destroy: (kernel: K) => void,
  ) {}

  get size(): number {
    return this.held.size;
  }

  /** The kernel of a key; `make` compiles it where there is none. */
  get(key: string, make: () => K): K {
    const known = this.held.get(key);
    if (known !== undefined) {
      // Maps keep the order of insertion: put back, it is the youngest.
      this.held.delete(key);
      this.held.set(key, known);
      return known;
    }
    const kernel = make();
    this.held.set(key, kernel);
    if (this.held.size > this.capacity) this.evict();
    return kernel;
  }

  clear(): void {
    for (const kernel of this.held.values()) this.destroy(kernel);
    this.held.clear();
  }

  private evict(): void {
    for (const [key, kernel] of this.held) {
      this.held.delete(key);
      this.destroy(kernel);
      return;
    }
  }
}
