// Cross-entropy over rows. Keeps log Σ eˣ of each row, and what a mean is divided by.
import type { FusedRows } from '../../../registry';
import type { FusedKernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { Call } from '../call';
import type { Device } from '../device';
import { requireIds } from '../ids';
import { mapViews } from '../kernels/elementwise';
import { exp } from '../kernels/not-a-number';
import { sumView } from '../kernels/reductions';
import { threadsOf } from '../threads';
import { type Dense, denseAs, denseOf } from '../view';
import { gradients } from './cross-entropy-gradient';
import { all, matrixOf, row, walkRows } from './rows';
import { rowMax } from './softmax';

type Attrs = FusedRows['crossEntropy'];

/** The weight of each row's target, 0 where the target is ignored. */
function ownWeights(device: Device, targets: Dense, weight: Dense | null, rows: number, ignored: number): GpuBuffer {
  const threads = threadsOf(device.mode, [rows]);
  const call = new Call(device, 'target weights').note(weight === null);
  const ids = call.buffer(targets.buffer, [1], targets.offset);
  const weights =
    weight === null
      ? null
      : call.buffer(weight.buffer, [1], weight.offset, [{ float: 'id', count: weight.buffer.length }]);
  const none = call.float(ignored);
  return call.run(threads, () =>
    [
      `const id = ${ids.at(threads.index)};`,
      `if (Math.abs(id - ${none}) < 0.5) { return 0; }`,
      weights === null ? 'return 1;' : `return ${weights.at([{ float: 'id' }])};`,
    ].join('\n'),
  );
}

/** (1 − ε) w_t (lse − x_t) + ε / C Σ w_c (lse − x_c) */
function losses(
  device: Device,
  x: Dense,
  ids: Dense,
  weight: Dense | null,
  own: GpuBuffer,
  lse: GpuBuffer,
  shape: readonly number[],
  { labelSmoothing: smoothing, ignoreIndex: ignored }: Attrs,
): GpuBuffer {
  const [rows, width] = shape;
  const threads = threadsOf(device.mode, [rows]);
  const call = new Call(device, 'cross entropy').note(width, smoothing > 0, weight === null);
  const logits = call.buffer(x.buffer, [width, 1], x.offset);
  const targets = call.buffer(ids.buffer, [1], ids.offset);
  const [owns, lses] = [call.buffer(own, [1]), call.buffer(lse, [1])];
  const weights = weight === null ? null : call.buffer(weight.buffer, [1], weight.offset);
  const [share, none, nan] = [smoothing, ignored, Number.NaN].map((number) => call.float(number));
  const at = threads.index;
  return call.run(threads, () =>
    [
      `const own = ${owns.at(at)};`,
      `const lse = ${lses.at(at)};`,
      `const id = ${targets.at(at)};`,
      `if (Math.abs(id - ${none}) < 0.5) { return 0; }`,
      // What an id that only the device knows gives where it points outside.
      `let hit = ${nan};`,
      'let every = 0;',
      `for (let k = 0; k < ${width}; k++) {`,
      `const d = lse - ${logits.at([at[0], 'k'])};`,
      'if (Math.abs(k - id) < 0.5) { hit = d; }',
      smoothing > 0 ? `every += d${weights === null ? '' : ` * ${weights.at(['k'])}`};` : '',
      '}',
      `return (1 - ${share}) * own * hit + ${share} * every / ${width};`,
    ].join('\n'),
  );
}

/** The pair of kernels. */
export function crossEntropy(device: Device): FusedKernel<Attrs, GpuBuffer> {
  return {
    forward([logits, targets, weight], _, attrs, save) {
      const { ignoreIndex, reduction } = attrs;
      const [rows, width] = logits.shape;
      requireIds('crossEntropy', targets, width, ignoreIndex);
      const [x, ids] = [denseOf(device, logits), denseOf(device, targets)];
      const weights = weight === undefined ? null : denseOf(device, weight);
      const top = rowMax(device, x, logits.shape);
      const lse = walkRows(device, 'row lse', matrixOf(logits.shape), [all(x), row(top)], [], {
        start: 'let total = 0;',
        steps: [`const d = a - b;${exp('e', 'd')}\ntotal += e;`],
        // Rows of NaN, or of −∞ alone. Not total / total: a driver may take that for 1.
        finish: 'if (total > 0) { return b + Math.log(total); }\nreturn b + total;',
      });
      const own = ownWeights(device, ids, weights, rows, ignoreIndex);
      const each = losses(device, x, ids, weights, own, lse, logits.shape, attrs);
      let out = each;
      let divisor: GpuBuffer | null = null;
      if (reduction !== 'none') {
        out = sumView(device, [rows], denseAs(each, [rows]), [0]);
        device.free(each);
      }
      if (reduction === 'mean') {
        divisor = sumView(device, [rows], denseAs(own, [rows]), [0]);
        const total = out;
        out = mapViews(device, 'div', [], [denseAs(total, []), denseAs(divisor, [])], [], 'return a / b;');
        device.free(total);
      }
      device.free(top);
      for (const [buffer, size] of [
        [lse, rows],
        [own, rows],
        [divisor, 1],
      ] as const) {
        if (buffer === null) continue;
        if (save === null) device.free(buffer);
        else save(buffer, size);
      }
      for (const part of [x, ids, weights]) part?.release();
      return out;
    },

    backward: (g, context) => gradients(device, g, context),
  };
}
