// The gradients of cross-entropy: of the logits, written once, and of the class weights where somebody asks.
import type { FusedRows } from '../../../registry';
import type { AnyTensor } from '../../../tensor';
import type { FusedContext } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { Call } from '../call';
import type { Device } from '../device';
import { exp } from '../kernels/not-a-number';
import { sumView } from '../kernels/reductions';
import { sourceOf, threadsOf } from '../threads';
import { type Dense, denseAs, denseOf } from '../view';

/** What both gradients read. */
interface Parts {
  readonly logits: Dense;
  readonly targets: Dense;
  readonly lse: GpuBuffer;
  /** The weight of each row's target. */
  readonly own: GpuBuffer;
  /** What the loss of each row was multiplied with; 0 where the target is ignored. */
  readonly up: GpuBuffer;
  readonly rows: number;
  readonly width: number;
  readonly smoothing: number;
}

/** The gradients of logits, targets and, where there are, weights. */
export function gradients(
  device: Device,
  gradient: AnyTensor,
  { inputs, output, saved: [lse, own, divisor], attrs, needs }: FusedContext<FusedRows['crossEntropy'], GpuBuffer>,
): (GpuBuffer | null)[] {
  const [x, ids, weight] = inputs;
  const [rows, width] = x.shape;
  const [logits, targets, g] = [x, ids, gradient].map((t) => denseOf(device, t));
  const weights = weight === undefined ? null : denseOf(device, weight);
  const isEach = attrs.reduction === 'none';
  const up = upstream(device, targets, g, divisor, rows, attrs.ignoreIndex, isEach);
  const parts = { logits, targets, lse, own, up, rows, width, smoothing: attrs.labelSmoothing };
  const dx = needs[0] ? ofLogits(device, parts, weights) : null;
  const mean = divisor === undefined ? null : denseOf(device, output);
  const dw = needs[2] ? ofWeights(device, parts, mean) : null;
  device.free(up);
  for (const part of [logits, targets, g, weights, mean]) part?.release();
  return [dx, null, dw].slice(0, inputs.length);
}

function upstream(
  device: Device,
  targets: Dense,
  g: Dense,
  divisor: GpuBuffer | undefined,
  rows: number,
  ignored: number,
  isEach: boolean,
): GpuBuffer {
  const threads = threadsOf(device.mode, [rows]);
  const call = new Call(device, 'upstream').note(divisor === undefined);
  const ids = call.buffer(targets.buffer, [1], targets.offset);
  const gs = call.buffer(g.buffer, [isEach ? 1 : 0], g.offset);
  const total = divisor === undefined ? null : call.buffer(divisor, []);
  const none = call.float(ignored);
  return call.run(threads, () =>
    [
      `if (Math.abs(${ids.at(threads.index)} - ${none}) < 0.5) { return 0; }`,
      `return ${gs.at(threads.index)}${total === null ? '' : ` / ${total.at([])}`};`,
    ].join('\n'),
  );
}

/** up ((1 − ε) w_t (p − [c = t]) + ε / C (p Σ w − w_c)) */
function ofLogits(device: Device, parts: Parts, weights: Dense | null): GpuBuffer {
  const { logits, targets, lse, own, up, rows, width, smoothing } = parts;
  const used = smoothing > 0 ? weights : null;
  const all = used === null ? null : sumView(device, [width], denseAs(used.buffer, [width], used.offset), [0]);
  const threads = threadsOf(device.mode, [rows, width]);
  const [i, c] = threads.index;
  const call = new Call(device, 'cross entropy gradient').note(smoothing > 0, used === null);
  const values = call.buffer(logits.buffer, [width, 1], logits.offset, [i, c]);
  const id = call.buffer(targets.buffer, [1], targets.offset, [i]);
  const [lses, owns, ups] = [lse, own, up].map((buffer) => call.buffer(buffer, [1], 0, [i]));
  const each = used === null ? null : call.buffer(used.buffer, [1], used.offset, [c]);
  const sum = all === null ? null : call.buffer(all, []);
  const [share, classes] = [call.float(smoothing), call.float(width)];
  const out = call.run(threads, () =>
    [
      `const s = ${values.at([i, c])} - ${lses.at([i])};${exp('p', 's')}`,
      `const hit = (Math.abs(${sourceOf(c)} - ${id.at([i])}) < 0.5) ? 1 : 0;`,
      `let d = (1 - ${share}) * ${owns.at([i])} * (p - hit);`,
      smoothing > 0 ? `d = d + ${share} / ${classes} * (p * ${sum?.at([]) ?? classes} - ${each?.at([c]) ?? '1'});` : '',
      `return ${ups.at([i])} * d;`,
    ].join('\n'),
  );
  if (all !== null) device.free(all);
  return out;
}

/** Σ_i up ([c = t] ((1 − ε) (lse − x) − L) + ε / C (lse − x)); L, the loss, where it is a mean over weights. */
function ofWeights(device: Device, parts: Parts, mean: Dense | null): GpuBuffer {
  const { logits, targets, lse, up, rows, width, smoothing } = parts;
  const threads = threadsOf(device.mode, [width]);
  const [c] = threads.index;
  const call = new Call(device, 'cross entropy weights').note(rows, mean === null);
  const values = call.buffer(logits.buffer, [1, width], logits.offset);
  const id = call.buffer(targets.buffer, [1], targets.offset);
  const [lses, ups] = [lse, up].map((buffer) => call.buffer(buffer, [1]));
  const loss = mean === null ? null : call.buffer(mean.buffer, [], mean.offset);
  const [share, classes] = [call.float(smoothing), call.float(width)];
  return call.run(threads, () =>
    [
      'let total = 0;',
      `for (let k = 0; k < ${rows}; k++) {`,
      `const d = ${lses.at(['k'])} - ${values.at([c, 'k'])};`,
      `const hit = (Math.abs(${sourceOf(c)} - ${id.at(['k'])}) < 0.5) ? 1 : 0;`,
      `total += ${ups.at(['k'])} * (hit * ((1 - ${share}) * d - ${loss?.at([]) ?? '0'}) + ${share} / ${classes} * d);`,
      '}',
      'return total;',
    ].join('\n'),
  );
}
