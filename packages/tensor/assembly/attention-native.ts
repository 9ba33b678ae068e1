// Attention's rows between the matrix products that the system's BLAS computes: softmax forward, slopes backward. Called
// from TypeScript on each thread (engine/attention-job.ts), row block by row block, all keys at once.
import { HEADS, OUT, OUT_STRIDES, lastKey, place } from './attention-tile';
import { differentiate } from './attention-grad';
import { finish, weigh } from './attention-weigh';
import { slot } from './simd';

export { clearRows as attentionClear } from './attention-grad';

/** Where the running maxima, the sums and the random bits lie in a thread's room; rows are at most 1,024. */
const SUMS: usize = 4096;
const BITS: usize = 8192;

/** The key behind the last one that query `i` may see. */
export function attentionKeys(args: usize, i: i32): i32 {
  return lastKey(args, i);
}

/** Turns rows of scores, `ld` bytes apart, into weights that are not yet divided by their sums. */
export function attentionWeigh(
  args: usize, head: i32, i0: i32, rows: i32, count: i32, scores: usize, ld: usize, room: usize,
): void {
  for (let row = 0; row < rows; row++) {
    const top = room + (<usize>row << 2);
    const sum = top + SUMS;
    store<f32>(top, -Infinity);
    store<f32>(sum, 0);
    weigh(args, head, i0 + row, 0, count, scores + <usize>row * ld, top, sum, 0, 0, room + BITS);
  }
}

/** Divides the rows of the output by the sums that `attentionWeigh` left. */
export function attentionFinish(args: usize, head: i32, i0: i32, rows: i32, room: usize): void {
  const o = place(args, OUT, OUT_STRIDES, head, slot(args, HEADS), i0);
  finish(args, head, i0, rows, o, slot(args, OUT_STRIDES + 2) >> 2, room, room + SUMS);
}

/** From rows of q · kᵀ and of g · vᵀ: the weights as the values saw them, and the gradient of the scores. */
export function attentionSlopes(
  args: usize, head: i32, i0: i32, rows: i32, count: i32, weights: usize, slopes: usize, ld: usize, room: usize,
): void {
  for (let row = 0; row < rows; row++) {
    const at = <usize>row * ld;
    differentiate(args, head, i0 + row, 0, count, weights + at, slopes + at, room + BITS);
  }
}
