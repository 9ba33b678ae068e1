// Which stretches of text some token begins with, in a few bits a token: a Bloom filter with one hash.
import { HASH_START, hashNext, type Vocab } from './vocab';

/** Bits for each unit of the tokens, which share most of their beginnings. */
const BITS = 2;

/** Tells where no token goes on. It is never wrong when it says no, and now and then when it says yes. */
export class PrefixFilter {
  private readonly bytes: Uint8Array;
  private readonly shift: number;

  constructor(vocab: Vocab) {
    const { units, starts } = vocab.columns;
    let log = 3;
    while (1 << log < BITS * units.length) log++;
    this.shift = 32 - log;
    const bytes = new Uint8Array(1 << (log - 3));
    for (let id = 0; id < vocab.length; id++) {
      let hash = HASH_START;
      for (let i = starts[id] as number, end = vocab.endOf(id); i >= 0 && i < end; i++) {
        hash = hashNext(hash, units[i] as number);
        const bit = hash >>> this.shift;
        bytes[bit >> 3] = (bytes[bit >> 3] as number) | (1 << (bit & 7));
      }
    }
    this.bytes = bytes;
  }

  /** Whether a token may begin with units of this hash. */
  has(hash: number): boolean {
    const bit = hash >>> this.shift;
    return ((this.bytes[bit >> 3] as number) & (1 << (bit & 7))) !== 0;
  }
}
