// The kernels that write into tensors, over whole lists of them in one launch.
import type { AnyTensor } from '../../tensor';
import type { InPlaceKernels } from '../backend';
import { addressOf } from './address';
import type { Engine } from './engine/engine';
import type { KernelName } from './generated/kernels';
import { guard } from './guard';
import { BINARY, mapBinaryTo } from './kernels/elementwise';
import { copyTo } from './kernels/layout';

// Elements of a unit.
const CHUNK = 16_384;

// Words of an entry of the table, where the table begins in the argument block, and entries that it holds.
const ENTRY = 6;
const TABLE = 64;
const MAX_ENTRIES = 2_000;

const NONE: readonly AnyTensor[] = [];

/** Makes the in-place kernels. */
export function inPlaceKernels(engine: Engine): InPlaceKernels<number> {
  return {
    copyInto(dst, src) {
      copyTo(engine, src, addressOf(dst));
      wrote(engine, dst);
    },

    addInto(dst, src) {
      mapBinaryTo(engine, BINARY.add, dst, src, addressOf(dst));
      wrote(engine, dst);
    },

    scaleInPlace(tensors, factor) {
      eachPart(engine, 'scaleInPlace', tensors, NONE, NONE, NONE, 1, () => {
        engine.slots[3] = addressOf(factor);
      });
    },

    clampInPlace(tensors, limit) {
      eachPart(engine, 'clampInPlace', tensors, NONE, NONE, NONE, 1, () => {
        engine.floats[3] = limit;
      });
    },

    sumSquares: guard(
      engine,
      'sumSquares',
      (tensors) => sumSquares(engine, tensors),
      (tensors) => tensors,
    ),

    adam(params, grads, m, v, { lr, beta1, beta2, eps, weightDecay, decoupled, step }) {
      eachPart(engine, 'adam', params, grads, m, v, 4, () => {
        const { floats } = engine;
        floats[3] = lr / (1 - beta1 ** step);
        floats[4] = beta1;
        floats[5] = 1 - beta1;
        floats[6] = beta2;
        floats[7] = 1 - beta2;
        floats[8] = 1 / Math.sqrt(1 - beta2 ** step);
        floats[9] = eps;
        floats[10] = decoupled ? 0 : weightDecay;
        floats[11] = decoupled ? 1 - lr * weightDecay : 1;
      });
    },

    sgd(params, grads, momentum, { lr, momentum: mu, dampening, nesterov, weightDecay, first }) {
      eachPart(engine, 'sgd', params, grads, momentum ?? NONE, NONE, 3, () => {
        const { floats } = engine;
        floats[3] = lr;
        floats[4] = first ? 0 : mu;
        floats[5] = first ? 1 : 1 - dampening;
        floats[6] = weightDecay;
        floats[7] = nesterov ? mu : 1;
        floats[8] = nesterov ? 1 : 0;
      });
    },

    lion(params, grads, momentum, { lr, beta1, beta2, weightDecay }) {
      eachPart(engine, 'lion', params, grads, momentum, NONE, 3, () => {
        const { floats } = engine;
        floats[3] = lr;
        floats[4] = beta1;
        floats[5] = 1 - beta1;
        floats[6] = beta2;
        floats[7] = 1 - beta2;
        floats[8] = 1 - lr * weightDecay;
      });
    },
  };
}

function wrote(engine: Engine, t: AnyTensor): void {
  engine.wrote(t.storage.buffer as number);
}

function sumSquares(engine: Engine, tensors: readonly AnyTensor[]): number {
  const out = engine.alloc(4);
  const units = tensors.reduce((n, t) => n + Math.ceil(t.size / CHUNK), 0);
  const partials = engine.alloc(Math.max(1, units) * 8);
  eachPart(engine, 'sumSquares', tensors, NONE, NONE, NONE, 1, (before) => {
    engine.slots[3] = partials + before * 8;
  });
  const { slots } = engine;
  slots[0] = partials;
  slots[1] = out;
  slots[2] = 0;
  slots[3] = units;
  engine.launch('reduceFinish', 1, units);
  engine.free(partials);
  return out;
}

/**
 * Launches a kernel over lists of tensors, as many at once as the table holds; all but `b` may be written. `numbers` writes
 * the kernel's own slots; it is told how many units went before.
 */
function eachPart(
  engine: Engine,
  kernel: KernelName,
  a: readonly AnyTensor[],
  b: readonly AnyTensor[],
  c: readonly AnyTensor[],
  d: readonly AnyTensor[],
  cost: number,
  numbers: (unitsBefore: number) => void,
): void {
  const { slots } = engine;
  let before = 0;
  for (const tensors of [a, c, d]) for (const t of tensors) wrote(engine, t);
  for (let start = 0; start < a.length; start += MAX_ENTRIES) {
    let entries = 0;
    let units = 0;
    let size = 0;
    for (let i = start; i < Math.min(a.length, start + MAX_ENTRIES); i++) {
      if (a[i].size === 0) continue;
      const at = TABLE + entries++ * ENTRY;
      slots[at] = units;
      slots[at + 1] = a[i].size;
      slots[at + 2] = addressOf(a[i]);
      slots[at + 3] = i < b.length ? addressOf(b[i]) : 0;
      slots[at + 4] = i < c.length ? addressOf(c[i]) : 0;
      slots[at + 5] = i < d.length ? addressOf(d[i]) : 0;
      units += Math.ceil(a[i].size / CHUNK);
      size += a[i].size;
    }
    slots[0] = entries;
    slots[1] = CHUNK;
    slots[2] = engine.argsAddress + TABLE * 4;
    numbers(before);
    engine.launch(kernel, units, size * cost);
    before += units;
  }
}
