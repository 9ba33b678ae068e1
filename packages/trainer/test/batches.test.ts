// Cutting rows into batches, and the order of an epoch.
import { Generator } from '@heddle/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planEpoch } from '../src/epoch-plan.js';
import { batches } from '../src/index.js';

const options = fc.record({
  count: fc.nat(200),
  size: fc.integer({ min: 1, max: 40 }),
  shuffle: fc.boolean(),
  seed: fc.nat(1000),
  bucketed: fc.boolean(),
});

describe('batches', () => {
  it('hold every row once, in batches of the size but the last', () => {
    fc.assert(
      fc.property(options, ({ count, size, shuffle, seed, bucketed }) => {
        const rows = Array.from({ length: count }, (_, i) => i);
        const cut = [
          ...batches(rows, size, {
            shuffle,
            generator: new Generator(seed),
            ...(bucketed ? { bucketBy: (row: number) => (row * 7) % 13 } : {}),
          }),
        ];
        expect(cut.flat().sort((a, b) => a - b)).toEqual(rows);
        expect(cut.filter((batch) => batch.length !== size).length).toBe(count % size === 0 ? 0 : 1);
        if (!shuffle && !bucketed) expect(cut.flat()).toEqual(rows);
      }),
    );
  });

  it('give the same order for the same seed, and another for another', () => {
    const rows = Array.from({ length: 50 }, (_, i) => i);
    const order = (seed: number) => [...batches(rows, 8, { shuffle: true, generator: new Generator(seed) })].flat();
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
    expect(order(1)).not.toEqual(rows);
  });

  it('put rows of like length together, and yet mix them anew', () => {
    const rows = Array.from({ length: 1_000 }, (_, i) => (i * 389) % 500);
    const spread = (cut: (readonly number[])[]): number =>
      cut.reduce((sum, batch) => sum + Math.max(...batch) - Math.min(...batch), 0) / cut.length;
    const bucketed = [...batches(rows, 10, { shuffle: true, generator: new Generator(3), bucketBy: (row) => row })];
    const mixed = [...batches(rows, 10, { shuffle: true, generator: new Generator(3) })];
    expect(spread(bucketed)).toBeLessThan(spread(mixed) / 10);
    const means = bucketed.map((batch) => batch.reduce((a, b) => a + b, 0) / batch.length);
    expect([...means].sort((a, b) => a - b)).not.toEqual(means);
  });

  it('take any iterable, can leave out a last one that is not full, and refuse senseless sizes', () => {
    expect([...batches(new Set(['a', 'b', 'c']), 2)]).toEqual([['a', 'b'], ['c']]);
    expect([...batches(['a', 'b', 'c'], 2, { dropLast: true })]).toEqual([['a', 'b']]);
    for (const size of [0, -1, 1.5, Number.NaN]) expect(() => [...batches(['a'], size)]).toThrow('batches: size');
  });
});

describe('the plan of an epoch', () => {
  const lengths = Array.from({ length: 101 }, (_, i) => (i * 37) % 29);

  it('depends on seed and epoch alone', () => {
    const settings = { seed: 4, batchSize: 8, accumulate: 1 };
    expect(planEpoch(3, 101, lengths, settings)).toEqual(planEpoch(3, 101, lengths, settings));
    expect(planEpoch(3, 101, lengths, settings)).not.toEqual(planEpoch(4, 101, lengths, settings));
    expect(planEpoch(3, 101, lengths, settings)).not.toEqual(planEpoch(3, 101, lengths, { ...settings, seed: 5 }));
  });

  it('has the same rows in each step, in one large batch or in several small ones', () => {
    const rowsOf = (batchSize: number, accumulate: number): number[][] =>
      planEpoch(0, 101, lengths, { seed: 4, batchSize, accumulate }).map((step) => step.flat().sort((a, b) => a - b));
    expect(rowsOf(4, 4)).toEqual(rowsOf(16, 1));
    const small = planEpoch(0, 101, lengths, { seed: 4, batchSize: 4, accumulate: 4 });
    expect(small.flat().every((batch) => batch.length >= 1 && batch.length <= 4)).toBe(true);
  });
});
