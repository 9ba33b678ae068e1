// When workers load the BLAS: koffi aborts the whole process where a thread is ended meanwhile, as all are when the process
// ends. So it waits for those that are at it, and no other begins. Runs on every thread: imports constants only.
import { END, KERNEL, LOADING } from './protocol';

/** Loads on a worker; null where the pool's workers are to end. */
export function loadUnlessEnding<T>(words: Int32Array, load: () => T): T | null {
  Atomics.add(words, LOADING, 1);
  try {
    return Atomics.load(words, KERNEL) === END ? null : load();
  } finally {
    if (Atomics.sub(words, LOADING, 1) === 1) Atomics.notify(words, LOADING);
  }
}

// Waits for one pool's workers, which take milliseconds: after so many it is given up.
const WAITS = 40;
const WAIT_MS = 50;

// Control blocks of pools whose workers may be loading.
const watched = new Set<Int32Array>();

/** Has the end of the process wait while workers of a control block load. Node.js only. */
export function watch(words: Int32Array): void {
  if (watched.size === 0) process.on('exit', settle);
  watched.add(words);
}

/** Ends that. */
export function unwatch(words: Int32Array): void {
  if (watched.delete(words) && watched.size === 0) process.off('exit', settle);
}

function settle(): void {
  for (const words of watched) {
    Atomics.store(words, KERNEL, END);
    for (let turn = 0; turn < WAITS && Atomics.load(words, LOADING) > 0; turn++)
      Atomics.wait(words, LOADING, Atomics.load(words, LOADING), WAIT_MS);
  }
}
