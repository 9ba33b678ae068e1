// Closeness as docs/architecture.md states it: |a − b| ≤ tolerance · (|b| + rms(b)).
import { expect } from 'vitest';

/** Fails where `actual` strays from `expected`, and says where it strays most. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-5,
  label = '',
): void {
  expect(actual.length, `${label} length`).toBe(expected.length);
  let squares = 0;
  let finite = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i])) {
      squares += expected[i] ** 2;
      finite++;
    }
  }
  const rms = Math.sqrt(squares / Math.max(finite, 1));
  let worst = 0;
  let at = -1;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i], expected[i]];
    if (Object.is(a, b) || (Number.isNaN(a) && Number.isNaN(b)) || a === b) continue;
    const excess = Math.abs(a - b) / (tolerance * (Math.abs(b) + rms) + 1e-12);
    if (!(excess <= worst)) {
      worst = excess;
      at = i;
    }
  }
  expect(
    worst <= 1,
    `${label} differs at ${at}: ${actual[at]} instead of ${expected[at]}, ${worst} times the tolerance`,
  ).toBe(true);
}
