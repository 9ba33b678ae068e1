// softmax and logSoftmax over the last axis. Backward needs the output only.
import type { FusedRows } from '../../../registry';
import type { FusedKernel } from '../../backend';
import type { Engine } from '../engine/engine';
import { denseAddress, release } from '../kernels/layout';
import { columnsOf, rowsAUnit } from './rows';

/** eˣ / Σ eˣ, or its logarithm. */
export const softmax = (engine: Engine, log: boolean): FusedKernel<FusedRows['softmax'], number> => ({
  forward([x]) {
    const out = engine.alloc(x.size * 4);
    if (x.size === 0) return out;
    const from = denseAddress(engine, x);
    launch(engine, 'softmax', from, out, x.size, columnsOf(x), log, 0);
    release(engine, x, from);
    return out;
  },

  backward(g, { output }) {
    const out = engine.alloc(g.size * 4);
    if (g.size === 0) return [out];
    const from = denseAddress(engine, g);
    const y = denseAddress(engine, output);
    launch(engine, 'softmaxGrad', y, out, g.size, columnsOf(g), log, from);
    release(engine, output, y);
    release(engine, g, from);
    return [out];
  },
});

function launch(
  engine: Engine,
  kernel: 'softmax' | 'softmaxGrad',
  x: number,
  out: number,
  size: number,
  columns: number,
  log: boolean,
  g: number,
): void {
  const rows = size / columns;
  const perUnit = rowsAUnit(columns);
  const { slots } = engine;
  slots[0] = x;
  slots[1] = out;
  slots[2] = rows;
  slots[3] = columns;
  slots[4] = perUnit;
  slots[5] = log ? 1 : 0;
  slots[6] = g;
  engine.launch(kernel, Math.ceil(rows / perUnit), size * 5);
}
