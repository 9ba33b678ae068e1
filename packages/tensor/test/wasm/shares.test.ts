// How threads divide a job: each unit once, one's own share first.
import { describe, expect, test } from 'vitest';
import { CONTROL_BYTES } from '../../src/backends/wasm/engine/protocol';
import { claim, close, deal, unclaimed } from '../../src/backends/wasm/engine/shares';

const words = (): Int32Array => new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));

/** The units that a thread runs when it is the only one that claims any. */
function alone(units: number, threads: number, own: number): number[] {
  const control = words();
  deal(control, units, threads);
  const ran: number[] = [];
  claim(control, own, (_, from, to) => ran.push(...Array.from({ length: to - from }, (_, i) => from + i)), 0);
  expect(unclaimed(control)).toBe(false);
  return ran;
}

describe.each([1, 2, 3, 7, 16, 40])('%i threads', (threads) => {
  test.each([1, 2, 3, 8, 15, 64, 1000])('run each of %i units once, whoever begins', (units) => {
    for (let own = 0; own < threads; own++)
      expect(alone(units, threads, own).sort((a, b) => a - b)).toEqual(Array.from({ length: units }, (_, i) => i));
  });
});

test('a thread begins with its own share, and then takes from the next ones', () => {
  expect(alone(8, 2, 0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(alone(8, 2, 1)).toEqual([4, 5, 6, 7, 0, 1, 2, 3]);
  expect(alone(2, 8, 0)).toEqual([0, 1]);
});

test('what one thread has claimed, no other runs', () => {
  const control = words();
  deal(control, 64, 2);
  const ran: number[] = [];
  // In the midst of the first thread's first part, the other takes all that is left.
  claim(
    control,
    0,
    (_, from, to) => {
      for (let i = from; i < to; i++) ran.push(i);
      if (from === 0)
        claim(
          control,
          1,
          (_args, other, end) => ran.push(...Array.from({ length: end - other }, (_, i) => other + i)),
          0,
        );
    },
    0,
  );
  expect(ran.slice(0, 12)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 32, 33, 34, 35]);
  expect(ran.sort((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, i) => i));
});

test('a closed job has nothing to claim', () => {
  const control = words();
  deal(control, 64, 3);
  expect(unclaimed(control)).toBe(true);
  close(control);
  expect(unclaimed(control)).toBe(false);
  claim(control, 1, () => expect.unreachable(), 0);
});
