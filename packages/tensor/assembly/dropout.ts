// Dropout by the counter-based generator: nothing is stored, and the backward pass runs the same kernel on the gradient.
import { scratch } from './engine';
import { loadTail, storeTail } from './lanes';
import { philox32 } from './philox';
import { floatSlot, slot } from './simd';

/**
 * x · scale where the element's number reaches the limit, else x · 0, which leaves NaN what it is. Units are chunks of a multiple of 32 elements.
 * Slots: 0 x, 1 out, 2 size, 3 elements a unit, 4 limit, 5 scale, 6 and 7 seed, 8 and 9 offset, lower halves first.
 */
export function dropout(args: usize, from: i32, to: i32): void {
  const end = min(slot(args, 2), to * slot(args, 3));
  const limit = i32x4.splat(slot(args, 4));
  const scale = f32x4.splat(floatSlot(args, 5));
  const offset = load<u64>(args, 32);
  const bits = scratch();
  for (let i = from * slot(args, 3); i < end; i += 32) {
    philox32(bits, offset + <u64>(i >> 2), slot(args, 6), slot(args, 7));
    const x = <usize>slot(args, 0) + (<usize>i << 2);
    const y = <usize>slot(args, 1) + (<usize>i << 2);
    for (let k = 0; k < 32; k += 4) {
      const left = end - i - k;
      if (left <= 0) break;
      const at = <usize>k << 2;
      const factor = v128.and(scale, i32x4.ge_u(v128.load(bits + at), limit));
      if (left >= 4) v128.store(y + at, f32x4.mul(v128.load(x + at), factor));
      else storeTail(y + at, f32x4.mul(loadTail(x + at, left, 0), factor), left);
    }
  }
}
