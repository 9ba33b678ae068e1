// Cross-entropy: one workgroup a row, then one for the mean; the gradient of the logits written once.
import type { FusedRows } from '../../../registry';
import type { FusedKernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { gradients } from '../fused/cross-entropy-gradient';
import { requireIds } from '../ids';
import { denseOf } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { ACROSS, f32, groupsFor, LANES, NOT_A_NUMBER, perElement, perRow } from './snippets';

type Attrs = FusedRows['crossEntropy'];

const ALONG = `for (var k = lane; k < p.width; k += ${LANES}u)`;

/** Losses of rows, their weights, and log Σ eˣ. */
function lossRows(weighted: boolean): string {
  const weight = (at: string): string => (weighted ? `weight[p.weightAt + ${at}]` : '1.0');
  return perRow(`
  let start = p.xAt + row * p.width;
  var most = x[start];
  ${ALONG} { most = max(most, x[start + k]); }
  let top = maxAcross(lane, most);
  var sum = 0.0;
  ${ALONG} { sum += expOf(x[start + k] - top); }
  let own = top + logOf(sumAcross(lane, sum));
  var spread = 0.0;
  // A logit of −∞ is no part of a loss without smoothing.
  if (p.smoothing > 0.0) { ${ALONG} { spread += ${weight('k')} * (own - x[start + k]); } }
  let every = sumAcross(lane, spread);
  if (lane == 0u) {
    let label = targets[p.idAt + row];
    var loss = 0.0;
    var share = 0.0;
    if (label != p.ignored) {
      if (label >= 0.0 && label < f32(p.width)) {
        let t = u32(label);
        share = ${weight('t')};
        loss = (1.0 - p.smoothing) * share * (own - x[start + t]) + p.smoothing / f32(p.width) * every;
      } else {
        // Only the device knew this one.
        var bits = 0x7fc00000u;
        share = 1.0;
        loss = bitcast<f32>(bits);
      }
    }
    lse[row] = own;
    losses[row] = loss;
    shares[row] = share;
  }`);
}

const TOTAL = `${ACROSS}
@compute @workgroup_size(${LANES})
fn main(@builtin(local_invocation_index) lane: u32) {
  var a = 0.0;
  var b = 0.0;
  for (var i = lane; i < p.rows; i += ${LANES}u) { a += losses[i]; b += shares[i]; }
  let loss = sumAcross(lane, a);
  let share = sumAcross(lane, b);
  if (lane == 0u) {
    y[0] = loss / select(1.0, share, p.isMean == 1u);
    divisor[0] = share;
  }
}`;

/** up ((1 − ε) w_t (p − [c = t]) + ε / C (C p − 1)), where the target counts. */
function slope(isMean: boolean): string {
  return perElement(
    `
  let row = i / p.width;
  let c = i % p.width;
  let label = targets[p.idAt + row];
  var d = 0.0;
  if (label != p.ignored) {
    let e = expOf(x[p.xAt + i] - lse[row]);
    d = (1.0 - p.smoothing) * shares[row] * (e - select(0.0, 1.0, c == u32(label)));
    d += p.smoothing / f32(p.width) * (e * f32(p.width) - 1.0);
    d *= g[p.gAt + row * p.gStep]${isMean ? ' / divisor[0]' : ''};
  }
  dx[i] = d;`,
    NOT_A_NUMBER,
  );
}

export function crossEntropy(device: WebGpuDevice): FusedKernel<Attrs, GpuBuffer> {
  return {
    forward([logits, ids, weight], _, { ignoreIndex, labelSmoothing, reduction }, save) {
      const [rows, width] = logits.shape;
      requireIds('crossEntropy', ids, width, ignoreIndex);
      const [x, targets] = [denseOf(device, logits), denseOf(device, ids)];
      const weights = weight === undefined ? null : denseOf(device, weight);
      const [lse, losses, shares] = [0, 1, 2].map(() => device.allocate(rows));
      if (rows > 0 && width > 0) {
        device.compute({
          key: `crossEntropy ${weights !== null}`,
          source: () => lossRows(weights !== null),
          params: {
            rows,
            width,
            xAt: x.offset,
            idAt: targets.offset,
            ignored: f32(ignoreIndex),
            smoothing: f32(labelSmoothing),
            ...(weights === null ? {} : { weightAt: weights.offset }),
          },
          reads: { x: x.buffer, targets: targets.buffer, ...(weights === null ? {} : { weight: weights.buffer }) },
          writes: { lse, losses, shares },
          groups: groupsFor(rows),
        });
      }
      let out = losses;
      let divisor: GpuBuffer | null = null;
      if (reduction !== 'none') {
        out = device.allocate(1);
        divisor = device.allocate(1);
        device.compute({
          key: 'crossEntropy total',
          source: () => TOTAL,
          params: { rows, isMean: reduction === 'mean' ? 1 : 0 },
          reads: { losses, shares },
          writes: { y: out, divisor },
          groups: [1, 1, 1],
        });
        device.free(losses);
      }
      if (reduction === 'sum' && divisor !== null) {
        device.free(divisor);
        divisor = null;
      }
      for (const buffer of [lse, shares, divisor]) {
        if (buffer === null) continue;
        if (save === null) device.free(buffer);
        else save(buffer, buffer.length);
      }
      for (const part of [x, targets, weights]) part?.release();
      return out;
    },

    backward(gradient, context) {
      const { inputs, saved, attrs, needs } = context;
      const [logits, ids, weight] = inputs;
      // Gradients of class weights, and smoothing over them, are rare: the portable kernels have them.
      if (needs[2] || (weight !== undefined && attrs.labelSmoothing > 0)) return gradients(device, gradient, context);
      const [lse, shares, divisor] = saved;
      const [rows, width] = logits.shape;
      const [x, targets, g] = [logits, ids, gradient].map((t) => denseOf(device, t));
      const dx = device.allocate(rows * width);
      if (rows * width > 0) {
        device.compute({
          key: `crossEntropy gradient ${divisor !== undefined}`,
          source: () => slope(divisor !== undefined),
          params: {
            size: rows * width,
            width,
            xAt: x.offset,
            idAt: targets.offset,
            gAt: g.offset,
            gStep: attrs.reduction === 'none' ? 1 : 0,
            ignored: f32(attrs.ignoreIndex),
            smoothing: f32(attrs.labelSmoothing),
          },
          reads: {
            x: x.buffer,
            targets: targets.buffer,
            g: g.buffer,
            lse,
            shares,
            ...(divisor === undefined ? {} : { divisor }),
          },
          writes: { dx },
          groups: groupsFor(Math.ceil((rows * width) / LANES)),
        });
      }
      for (const part of [x, targets, g]) part.release();
      return [dx, null, null].slice(0, inputs.length);
    },
  };
}
