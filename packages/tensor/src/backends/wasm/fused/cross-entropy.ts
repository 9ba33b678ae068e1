// Cross-entropy with logits. Forward keeps two numbers a row for the backward pass, which reads the logits again.
import type { FusedRows } from '../../../registry';
import type { AnyTensor } from '../../../tensor';
import type { FusedKernel } from '../../backend';
import { addressOf } from '../address';
import type { Engine } from '../engine/engine';
import { checkIndices } from '../kernels/indexing';
import { denseAddress, release } from '../kernels/layout';
import { rowsAUnit } from './rows';

// Slot of a reported target, as checkIndices reads it.
const BAD = 60;

/** −log softmax(logits)[target], by row, summed or averaged. */
export const crossEntropy = (engine: Engine): FusedKernel<FusedRows['crossEntropy'], number> => ({
  forward([logits, targets, weight], _out, attrs, save) {
    const [rows, classes] = logits.shape;
    const losses = engine.alloc(rows * 4);
    const own = engine.alloc(rows * 4);
    const logSums = save === null ? 0 : engine.alloc(rows * 8);
    if (rows > 0) {
      const operands = writeOperands(engine, logits, targets, weight, attrs);
      const { slots } = engine;
      slots[3] = losses;
      slots[4] = logSums;
      slots[5] = own;
      slots[BAD] = 0;
      engine.launch('crossEntropy', unitsOf(rows, classes), logits.size * 4);
      operands.release();
      checkIndices(engine, 'crossEntropy', classes);
    }
    const result = attrs.reduction === 'none' ? losses : engine.alloc(4);
    const divisor = save === null || attrs.reduction !== 'mean' ? 0 : engine.alloc(4);
    if (attrs.reduction !== 'none') {
      const { slots } = engine;
      slots[0] = losses;
      slots[1] = own;
      slots[2] = rows;
      slots[3] = result;
      slots[4] = divisor;
      slots[5] = attrs.reduction === 'mean' ? 1 : 0;
      engine.launch('crossEntropyTotal', 1);
      engine.free(losses);
    }
    engine.free(own);
    save?.(logSums, rows * 2);
    if (divisor !== 0) save?.(divisor, 1);
    return result;
  },

  backward(g, { inputs: [logits, targets, weight], saved: [logSums, divisor], attrs, needs }) {
    const [rows, classes] = logits.shape;
    const dLogits = needs[0] ? engine.alloc(logits.size * 4) : null;
    const dWeight = weight !== undefined && needs[2] ? engine.alloc(classes * 4) : null;
    const operands = writeOperands(engine, logits, targets, weight, attrs);
    const { slots } = engine;
    slots[4] = logSums;
    slots[12] = addressOf(g);
    slots[13] = attrs.reduction === 'none' ? g.strides[0] * 4 : 0;
    slots[14] = divisor ?? 0;
    if (dLogits !== null) {
      slots[3] = dLogits;
      engine.launch('crossEntropyGrad', unitsOf(rows, classes), logits.size * 4);
    }
    if (dWeight !== null) {
      slots[3] = dWeight;
      engine.launch('crossEntropyWeightGrad', 1);
    }
    operands.release();
    return weight === undefined ? [dLogits, null] : [dLogits, null, dWeight];
  },
});

function unitsOf(rows: number, classes: number): number {
  return Math.ceil(rows / rowsAUnit(classes));
}

// Writes what both kernels read, as dense as they want it.
function writeOperands(
  engine: Engine,
  logits: AnyTensor,
  targets: AnyTensor,
  weight: AnyTensor | undefined,
  attrs: FusedRows['crossEntropy'],
): { release(): void } {
  const [rows, classes] = logits.shape;
  const direct = classes <= 1 || logits.strides[1] === 1;
  const x = direct ? addressOf(logits) : denseAddress(engine, logits);
  const ids = denseAddress(engine, targets);
  const w = weight === undefined ? 0 : denseAddress(engine, weight);
  const { slots, floats } = engine;
  slots[0] = x;
  slots[1] = ids;
  slots[2] = w;
  slots[6] = rows;
  slots[7] = classes;
  slots[8] = rowsAUnit(classes);
  slots[9] = attrs.ignoreIndex;
  floats[10] = attrs.labelSmoothing;
  slots[11] = (direct ? logits.strides[0] : classes) * 4;
  return {
    release() {
      if (!direct) release(engine, logits, x);
      release(engine, targets, ids);
      if (weight !== undefined) release(engine, weight, w);
    },
  };
}
