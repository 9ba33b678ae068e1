// Updates that really happen in place: parameters, their state, gradients. Several
// parameters a dispatch, one submission for all of them.
import type { InPlaceKernels } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { bufferOf } from '../call';
import { denseOf } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { overMany } from './many';
import { ACROSS, f32, groupsFor, LANES, perElement, u32 } from './snippets';

/** The kernels of this file; the portable ones do the rest. */
type Own = Pick<InPlaceKernels<GpuBuffer>, 'copyInto' | 'addInto' | 'scaleInPlace' | 'sumSquares' | 'adam'>;

/** One tensor's part of an Adam step. */
const adamStep = (n: number): string => `if (i < size) {
      let w = param${n}[p.at_param${n} + i];
      let d = grad${n}[p.at_grad${n} + i] + p.l2 * w;
      let first = p.beta1 * m${n}[p.at_m${n} + i] + (1.0 - p.beta1) * d;
      let second = p.beta2 * v${n}[p.at_v${n} + i] + (1.0 - p.beta2) * d * d;
      m${n}[p.at_m${n} + i] = first;
      v${n}[p.at_v${n} + i] = second;
      param${n}[p.at_param${n} + i] = w * p.keep - p.rate * first / (sqrt(second) / p.correction + p.eps);
    }`;

/** Blocks that one tensor's sum of squares is cut into at most. */
const BLOCKS = 64;

/** One tensor's squares, added up by workgroup. */
const squares = (n: number): string => `var total = 0.0;
    for (var k = i; k < size; k += blocks * ${LANES}u) { let d = x${n}[p.at_x${n} + k]; total += d * d; }
    let sum = sumAcross(lane, total);
    if (lane == 0u) { partial[p.slot + n] = sum; }`;

const TOTAL = `${ACROSS}
@compute @workgroup_size(${LANES})
fn main(@builtin(local_invocation_index) lane: u32) {
  var total = 0.0;
  for (var i = lane; i < p.size; i += ${LANES}u) { total += partial[i]; }
  let sum = sumAcross(lane, total);
  if (lane == 0u) { y[0] = sum; }
}`;

export function inPlace(device: WebGpuDevice): Own {
  return {
    copyInto(dst, src) {
      const from = denseOf(device, src);
      device.copy(from.buffer, from.offset, bufferOf(dst), dst.offset, dst.size);
      from.release();
    },

    addInto(dst, src) {
      const from = denseOf(device, src);
      if (dst.size > 0) {
        device.compute({
          key: 'addInto',
          source: () => perElement('  y[p.yAt + i] = y[p.yAt + i] + x[p.xAt + i];'),
          params: { size: u32(dst.size), yAt: u32(dst.offset), xAt: u32(from.offset) },
          reads: { x: from.buffer },
          writes: { y: bufferOf(dst) },
          groups: groupsFor(Math.ceil(dst.size / LANES)),
        });
      }
      from.release();
    },

    scaleInPlace(tensors, factor) {
      overMany(device, [tensors], {
        key: 'scaleInPlace',
        names: ['y'],
        written: ['y'],
        body: (n) => `if (i < size) { y${n}[p.at_y${n} + i] = y${n}[p.at_y${n} + i] * factor[p.factorAt]; }`,
        params: { factorAt: u32(factor.offset) },
        reads: { factor: bufferOf(factor) },
      });
    },

    sumSquares(tensors) {
      const blocksOf = (size: number): number => Math.min(Math.ceil(size / LANES), BLOCKS);
      const partial = device.allocate(tensors.reduce((sum, t) => sum + blocksOf(t.size), 0));
      overMany(device, [tensors], {
        key: 'sumSquares',
        names: ['x'],
        written: [],
        body: squares,
        at: (before) => ({ slot: u32(before) }),
        writes: { partial },
        blocksOf,
      });
      const y = device.allocate(1);
      device.compute({
        key: 'sumSquares total',
        source: () => TOTAL,
        params: { size: u32(partial.length) },
        reads: { partial },
        writes: { y },
        groups: [1, 1, 1],
      });
      device.free(partial);
      return y;
    },

    adam(params, grads, m, v, { lr, beta1, beta2, eps, weightDecay, decoupled, step }) {
      overMany(device, [params, grads, m, v], {
        key: 'adam',
        names: ['param', 'grad', 'm', 'v'],
        written: ['param', 'm', 'v'],
        body: adamStep,
        params: {
          beta1: f32(beta1),
          beta2: f32(beta2),
          eps: f32(eps),
          l2: f32(decoupled ? 0 : weightDecay),
          keep: f32(decoupled ? 1 - lr * weightDecay : 1),
          rate: f32(lr / (1 - beta1 ** step)),
          correction: f32(Math.sqrt(1 - beta2 ** step)),
        },
      });
    },
  };
}
