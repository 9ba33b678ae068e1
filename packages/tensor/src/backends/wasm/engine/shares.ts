// How threads divide the units of a job. Each begins with a share of its own, the same one in every job of as many units:
// what it wrote in one job lies in its cache when it reads it in the next, and only what others wrote has to come from
// theirs. Who is done takes from the shares of those who aren't. Runs on every thread: imports constants only.
import { CHUNK, MOST_SHARES, NEXT, NEXT_STEP, SHARES, UNITS } from './protocol';

/** Deals a job's units out to so many threads. */
export function deal(words: Int32Array, units: number, threads: number): void {
  const shares = Math.min(threads, MOST_SHARES);
  words[UNITS] = units;
  words[CHUNK] = Math.max(1, Math.floor(units / (4 * threads)));
  words[SHARES] = shares;
  for (let share = 0; share < shares; share++)
    Atomics.store(words, NEXT + share * NEXT_STEP, begin(units, shares, share));
}

/** Whether a unit is left that nobody has claimed. */
export function unclaimed(words: Int32Array): boolean {
  const shares = words[SHARES];
  for (let share = 0; share < shares; share++)
    if (Atomics.load(words, NEXT + share * NEXT_STEP) < begin(words[UNITS], shares, share + 1)) return true;
  return false;
}

/** Leaves nothing to claim. */
export function close(words: Int32Array): void {
  for (let share = 0; share < words[SHARES]; share++) Atomics.store(words, NEXT + share * NEXT_STEP, words[UNITS]);
}

/** Runs units until all are claimed, those of one's own share first. */
export function claim(
  words: Int32Array,
  own: number,
  part: (args: number, from: number, to: number) => void,
  args: number,
): void {
  const units = words[UNITS];
  const chunk = words[CHUNK];
  const shares = words[SHARES];
  for (let turn = 0; turn < shares; turn++) {
    const share = (own + turn) % shares;
    const end = begin(units, shares, share + 1);
    for (;;) {
      const from = Atomics.add(words, NEXT + share * NEXT_STEP, chunk);
      if (from >= end) break;
      part(args, from, Math.min(end, from + chunk));
    }
  }
}

/** The first unit of a share. Of few units the calling thread, which is there first, has the first. */
function begin(units: number, shares: number, share: number): number {
  return Math.ceil((units * share) / shares);
}
