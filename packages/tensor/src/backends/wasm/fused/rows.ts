// What the fused kernels over rows share: how many rows there are, how many a unit takes, and the launch.
import type { AnyTensor } from '../../../tensor';

// Elements of a unit, about.
const UNIT = 8_192;

/** Length of the last axis. */
export function columnsOf(x: AnyTensor): number {
  return x.shape[x.shape.length - 1];
}

/** Rows that a unit takes: by shape alone. */
export function rowsAUnit(columns: number): number {
  return Math.max(1, Math.floor(UNIT / Math.max(1, columns)));
}
