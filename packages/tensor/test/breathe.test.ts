// Long work lets others have their turn, and no more often than is said.
import { expect, test } from 'vitest';
import { breathe } from '../src/index';

function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test('others get their turn once the time is up, and not before', async () => {
  let turns = 0;
  let next = setImmediate(function turn() {
    turns++;
    next = setImmediate(turn);
  });
  try {
    await breathe(0);
    const before = turns;
    for (let i = 0; i < 50; i++) await breathe(60_000);
    expect(turns).toBe(before);
    work(3);
    await breathe(2);
    expect(turns).toBeGreaterThan(before);
  } finally {
    clearImmediate(next);
  }
});
