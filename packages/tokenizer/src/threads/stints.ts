// How the calling thread shares its time between a pool's work and everything else that it has to do.

/** Work that goes on for so many milliseconds, over all calls, before events are handled. */
export class Stints {
  private worked = 0;

  constructor(private readonly longest: number) {}

  /** Does some work, now or after the events that have waited long enough. */
  async do<T>(work: () => T): Promise<T> {
    if (this.worked >= this.longest) {
      await new Promise((resolve) => setImmediate(resolve));
      this.worked = 0;
    }
    const start = performance.now();
    try {
      return work();
    } finally {
      this.worked += performance.now() - start;
    }
  }
}
