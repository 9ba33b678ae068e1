// Operands with any strides, staged into dense blocks: kernels then need dense loops only. Not a kernel file.
import { scratch } from './engine';
import { slot } from './simd';

/** Elements of a staged block. */
export const BLOCK: i32 = 1024;

/** Axes that a walk can have after neighbours have been joined; `MAX_RANK` on the TypeScript side. */
export const MAX_RANK: i32 = 16;

// Scratch memory: coordinates of a walk, then four blocks.
const BLOCKS: usize = 256;

/** Address of the n-th staged block. */
@inline
export function blockAt(n: i32): usize {
  return scratch() + BLOCKS + <usize>n * (<usize>BLOCK << 2);
}

/** How an operand lies in memory: strides, one element after the other, or one element for all. */
export const STRIDED: i32 = 0;
export const DENSE: i32 = 1;
export const SAME: i32 = 2;

/**
 * Elements `[start, start + count)` of an operand in row-major order, dense: where they lie already, or copied into `to`.
 * Slots from `operand` on: address, how it lies, strides in bytes. Slots from `axes` on: rank, sizes.
 */
export function dense(args: usize, axes: i32, operand: i32, start: i32, count: i32, to: usize): usize {
  const address = <usize>slot(args, operand);
  const kind = slot(args, operand + 1);
  if (kind == DENSE) return address + (<usize>start << 2);
  if (kind == SAME) {
    const value = v128.load32_splat(address);
    // Every block begins here, so writing it once would do; the stores cost less than remembering.
    for (let i = 0; i < count; i += 4) v128.store(to + (<usize>i << 2), value);
    return to;
  }
  gatherRuns(address, args + (<usize>(operand + 2) << 2), slot(args, axes), args + (<usize>(axes + 1) << 2), start, count, to);
  return to;
}

/** Copies elements `[start, start + count)` of a strided operand to `to`, one run along the last axis at a time. */
export function gatherRuns(
  address: usize, strides: usize, rank: i32, sizes: usize, start: i32, count: i32, to: usize,
): void {
  const at = scratch();
  let source = address;
  let rest = start;
  for (let axis = rank - 1; axis >= 0; axis--) {
    const size = load<i32>(sizes + (<usize>axis << 2));
    const above = rest / size;
    const i = rest - above * size;
    store<i32>(at + (<usize>axis << 2), i);
    source += <usize>i * load<usize>(strides + (<usize>axis << 2));
    rest = above;
  }
  const last = rank - 1;
  const length = load<i32>(sizes + (<usize>last << 2));
  const step = load<usize>(strides + (<usize>last << 2));
  let i = load<i32>(at + (<usize>last << 2));
  while (count > 0) {
    const run = min(count, length - i);
    copyRun(source, step, to, run);
    to += <usize>run << 2;
    count -= run;
    if (count == 0) return;
    source -= <usize>i * step;
    i = 0;
    for (let axis = last - 1; axis >= 0; axis--) {
      const stride = load<usize>(strides + (<usize>axis << 2));
      const next = load<i32>(at + (<usize>axis << 2)) + 1;
      source += stride;
      if (next < load<i32>(sizes + (<usize>axis << 2))) {
        store<i32>(at + (<usize>axis << 2), next);
        break;
      }
      source -= <usize>next * stride;
      store<i32>(at + (<usize>axis << 2), 0);
    }
  }
}

/** `count` elements, `step` bytes apart, become dense. */
export function copyRun(source: usize, step: usize, to: usize, count: i32): void {
  const end = to + (<usize>count << 2);
  if (step == 4) {
    copyDense(source, to, <usize>count << 2);
    return;
  }
  if (step == 0) {
    const value = v128.load32_splat(source);
    for (; to + 16 <= end; to += 16) v128.store(to, value);
    for (; to < end; to += 4) v128.store32_lane(to, value, 0);
    return;
  }
  for (; to < end; to += 4) {
    store<u32>(to, load<u32>(source));
    source += step;
  }
}

/** Copies dense bytes, a multiple of 4 of them. The built-in copy is a call that short runs don't pay back. */
@inline
export function copyDense(source: usize, to: usize, bytes: usize): void {
  if (bytes > 1024) {
    memory.copy(to, source, bytes);
    return;
  }
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(source + at));
  for (; at < bytes; at += 4) store<u32>(to + at, load<u32>(source + at));
}
