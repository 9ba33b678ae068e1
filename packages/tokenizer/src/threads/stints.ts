// How the calling thread shares its time between a pool's work and everything else that it has to do.

/** Work that goes on for so many milliseconds, over all calls, before events are handled. */
export class Stints {
  /** Milliseconds since the last events, and in all. */
  private since = 0;
  private total = 0;

  constructor(private readonly longest: number) {}

  /** Does a piece of work, now or after the events that have waited long enough. */
  async do<T>(work: () => T): Promise<T> {
    if (this.since >= this.longest) await this.handleEvents();
    const start = performance.now();
    try {
      return work();
    } finally {
      const time = performance.now() - start;
      this.since += time;
      this.total += time;
    }
  }

  /**
   * Makes a call, which does some pieces. Events that another call as long as this one could not wait for are handled at its
   * end, when no core is busy with it: where V8 has asked for a collection, it begins with them.
   */
  async call<T>(pieces: () => Promise<T>): Promise<T> {
    const before = this.total;
    const result = await pieces();
    if (this.since + this.total - before >= this.longest) await this.handleEvents();
    return result;
  }

  private async handleEvents(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.since = 0;
  }
}
