// Rows of a table by index, and their gradient: the table's own kernels, with a padding row that learns nothing.
import type { FusedRows } from '../../../registry';
import type { FusedKernel } from '../../backend';
import type { Engine } from '../engine/engine';
import { take, takeGrad } from '../kernels/indexing';

/** Rows of `weight`, one an id. */
export const embedding = (engine: Engine): FusedKernel<FusedRows['embedding'], number> => ({
  forward: ([weight, index]) => take(engine, 'embedding', weight, index),
  backward: (g, { inputs: [weight, index], attrs: { paddingIdx }, needs }) => [
    needs[0] ? takeGrad(engine, 'embedding', index, g, weight.shape[0], paddingIdx) : null,
    null,
  ],
});
