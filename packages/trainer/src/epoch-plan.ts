// The order of rows in an epoch: a function of the seed and the epoch alone, so that a run can go on from any place in it.
import { Generator } from '@heddle/tensor';
import { planBatches } from './data/batches.js';

/** What the order depends on. */
export interface PlanSettings {
  readonly seed: number;
  readonly batchSize: number;
  readonly accumulate: number;
}

// Each epoch draws from a part of the stream of its own, far from where dropout draws with the same seed.
const FIRST_PLACE = 2 ** 52;
const PLACES_PER_EPOCH = 2 ** 32;

/** The steps of an epoch; each is one or more batches of row indices whose gradients are added up. */
export function planEpoch(
  epoch: number,
  count: number,
  lengths: ArrayLike<number> | null,
  { seed, batchSize, accumulate }: PlanSettings,
): readonly (readonly number[])[][] {
  const generator = new Generator(seed);
  generator.restore({ seed, counter: FIRST_PLACE + epoch * PLACES_PER_EPOCH });
  const steps = planBatches(count, batchSize * accumulate, { shuffle: true, generator, lengths });
  return steps.map((rows) => {
    const sorted = lengths === null || accumulate === 1 ? rows : [...rows].sort((a, b) => lengths[a] - lengths[b]);
    return planBatches(sorted.length, batchSize).map((batch) => batch.map((i) => sorted[i]));
  });
}
