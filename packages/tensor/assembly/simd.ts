// Helpers that every kernel uses. The build sets the constant RELAXED, and the branch not taken leaves no code. (AssemblyScript takes decorators on functions; Biome and tsc don't look into this folder.)

/** a · b + c: one rounding in the relaxed variant, two in the plain one. */
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  if (RELAXED) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** c − a · b, rounded as `fma` is. */
@inline
export function fnma(a: v128, b: v128, c: v128): v128 {
  if (RELAXED) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** The four lanes added as (0 + 2) + (1 + 3). */
@inline
export function sumLanes(v: v128): f32 {
  const pairs = f32x4.add(v, i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** The largest of the four lanes; NaN where one is. */
@inline
export function maxLanes(v: v128): f32 {
  const pairs = f32x4.max(v, i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/** The i-th 4-byte slot of an argument block, as an address or an integer. */
@inline
export function slot(args: usize, i: i32): i32 {
  return load<i32>(args + (<usize>i << 2));
}

/** The i-th slot of an argument block, as a float. */
@inline
export function floatSlot(args: usize, i: i32): f32 {
  return load<f32>(args + (<usize>i << 2));
}
