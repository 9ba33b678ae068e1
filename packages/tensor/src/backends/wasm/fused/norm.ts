// layerNorm and rmsNorm. Forward keeps each row's 1/deviation (and mean) when the graph is recorded.
import type { FusedRows } from '../../../registry';
import type { AnyTensor } from '../../../tensor';
import type { FusedKernel } from '../../backend';
import { addressOf } from '../address';
import type { Engine } from '../engine/engine';
import { denseAddress, release } from '../kernels/layout';
import { columnsOf, rowsAUnit } from './rows';

// Units of the backward kernel, each of which sums a gradient of weight and bias of its own.
const GRAD_UNITS = 32;
const MIN_GRAD_ROWS = 8;

/** Rows brought to deviation 1, and to mean 0 where `centered`; scaled and shifted where there is a weight, a bias. */
export const norm = (engine: Engine, centered: boolean): FusedKernel<FusedRows['layerNorm'], number> => ({
  forward([x, weight, bias], _out, { eps }, save) {
    const out = engine.alloc(x.size * 4);
    const columns = columnsOf(x);
    const rows = x.size === 0 ? 0 : x.size / columns;
    const deviations = save === null ? 0 : engine.alloc(rows * 4);
    const means = save === null || !centered ? 0 : engine.alloc(rows * 4);
    if (rows > 0) normalize(engine, [x, weight, bias], [out, means, deviations], eps, centered);
    save?.(deviations, rows);
    if (means !== 0) save?.(means, rows);
    return out;
  },

  backward(g, { inputs: [x, weight, bias], saved: [deviations, means], needs }) {
    const columns = columnsOf(x);
    const rows = x.size === 0 ? 0 : x.size / columns;
    const perUnit = Math.max(MIN_GRAD_ROWS, Math.ceil(rows / GRAD_UNITS));
    const units = Math.ceil(rows / perUnit);
    const dx = needs[0] ? engine.alloc(x.size * 4) : null;
    const dWeight = weight !== undefined && needs[1] ? engine.alloc(columns * 4) : null;
    const dBias = bias !== undefined && needs[2] ? engine.alloc(columns * 4) : null;
    const weightSums = dWeight === null ? 0 : engine.alloc(units * columns * 4);
    const biasSums = dBias === null ? 0 : engine.alloc(units * columns * 4);
    if (rows > 0) {
      const from = denseAddress(engine, x);
      const fromG = denseAddress(engine, g);
      const w = optional(engine, weight);
      const { slots } = engine;
      slots[0] = from;
      slots[1] = w;
      slots[2] = fromG;
      slots[3] = dx ?? 0;
      slots[4] = means ?? 0;
      slots[5] = deviations;
      slots[6] = rows;
      slots[7] = columns;
      slots[8] = perUnit;
      slots[9] = weightSums;
      slots[10] = centered ? 1 : 0;
      slots[11] = biasSums;
      engine.launch('normGrad', units, x.size * 5);
      release(engine, x, from);
      release(engine, g, fromG);
      done(engine, weight, w);
    }
    if (dWeight !== null) columnSums(engine, weightSums, dWeight, units, columns);
    if (dBias !== null) columnSums(engine, biasSums, dBias, units, columns);
    if (bias !== undefined) return [dx, dWeight, dBias];
    return weight === undefined ? [dx] : [dx, dWeight];
  },
});

function normalize(
  engine: Engine,
  [x, weight, bias]: readonly AnyTensor[],
  [out, means, deviations]: readonly number[],
  eps: number,
  centered: boolean,
): void {
  const columns = columnsOf(x);
  const rows = x.size / columns;
  const perUnit = rowsAUnit(columns);
  const from = denseAddress(engine, x);
  const w = optional(engine, weight);
  const b = optional(engine, bias);
  const { slots, floats } = engine;
  slots[0] = from;
  slots[1] = w;
  slots[2] = b;
  slots[3] = out;
  slots[4] = means;
  slots[5] = deviations;
  slots[6] = rows;
  slots[7] = columns;
  slots[8] = perUnit;
  floats[9] = eps;
  slots[10] = centered ? 1 : 0;
  engine.launch('norm', Math.ceil(rows / perUnit), x.size * 3);
  release(engine, x, from);
  done(engine, weight, w);
  done(engine, bias, b);
}

// Sums the units' rows and frees them.
function columnSums(engine: Engine, sums: number, out: number, units: number, columns: number): void {
  const { slots } = engine;
  slots[0] = sums;
  slots[1] = out;
  slots[2] = units;
  slots[3] = columns;
  engine.launch('columnSums', Math.ceil(columns / 16), units * columns);
  engine.free(sums);
}

function optional(engine: Engine, t: AnyTensor | undefined): number {
  return t === undefined ? 0 : denseAddress(engine, t);
}

function done(engine: Engine, t: AnyTensor | undefined, address: number): void {
  if (t !== undefined && address !== addressOf(t)) engine.free(address);
}
