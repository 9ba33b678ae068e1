// Processor time: what a busy machine does not change much.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
/** Collects what others left behind, so that who comes next is not charged for it. */
export const collectGarbage: () => void = runInNewContext('gc');

/** Seconds of processor time, all threads of the process together. */
export function processorNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** What some work takes. */
export function processorSeconds(work: () => void): number {
  const start = processorNow();
  work();
  return processorNow() - start;
}
