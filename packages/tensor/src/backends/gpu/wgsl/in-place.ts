// Updates that really happen in place: parameters, their state, gradients. One dispatch a parameter, one submission
// for all of them.
import type { AnyTensor } from '../../../tensor';
import type { InPlaceKernels } from '../../backend';
import { bufferOf } from '../call';
import type { GpuBuffer } from '../device';
import { denseOf } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import type { Parameter } from '../wgsl-queue';
import { ACROSS, f32, groupsFor, LANES, perElement, u32 } from './snippets';

/** The kernels of this file; the portable ones do the rest. */
type Own = Pick<InPlaceKernels<GpuBuffer>, 'copyInto' | 'addInto' | 'scaleInPlace' | 'sumSquares' | 'adam'>;

const ADAM = perElement(`
  let w = param[p.paramAt + i];
  let d = grad[p.gradAt + i] + p.l2 * w;
  let first = p.beta1 * m[p.mAt + i] + (1.0 - p.beta1) * d;
  let second = p.beta2 * v[p.vAt + i] + (1.0 - p.beta2) * d * d;
  m[p.mAt + i] = first;
  v[p.vAt + i] = second;
  param[p.paramAt + i] = w * p.keep - p.rate * first / (sqrt(second) / p.correction + p.eps);`);

/** Blocks that one tensor's sum of squares is cut into at most. */
const BLOCKS = 64;

const SQUARES = `${ACROSS}
@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  var total = 0.0;
  for (var i = id.x * ${LANES}u + lane; i < p.size; i += p.stride) { let d = x[p.xAt + i]; total += d * d; }
  let sum = sumAcross(lane, total);
  if (lane == 0u) { partial[p.slot + id.x] = sum; }
}`;

const TOTAL = `${ACROSS}
@compute @workgroup_size(${LANES})
fn main(@builtin(local_invocation_index) lane: u32) {
  var total = 0.0;
  for (var i = lane; i < p.size; i += ${LANES}u) { total += partial[i]; }
  let sum = sumAcross(lane, total);
  if (lane == 0u) { y[0] = sum; }
}`;

export function inPlace(device: WebGpuDevice): Own {
  const overElements = (
    key: string,
    source: string,
    t: AnyTensor,
    params: Readonly<Record<string, Parameter>>,
    reads: Readonly<Record<string, GpuBuffer>>,
    writes: Readonly<Record<string, GpuBuffer>>,
  ): void => {
    if (t.size === 0) return;
    const groups = groupsFor(Math.ceil(t.size / LANES));
    device.compute({ key, source: () => source, params: { size: u32(t.size), ...params }, reads, writes, groups });
  };

  return {
    copyInto(dst, src) {
      const from = denseOf(device, src);
      device.copy(from.buffer, from.offset, bufferOf(dst), dst.offset, dst.size);
      from.release();
    },

    addInto(dst, src) {
      const from = denseOf(device, src);
      overElements(
        'addInto',
        perElement('  y[p.yAt + i] = y[p.yAt + i] + x[p.xAt + i];'),
        dst,
        { yAt: u32(dst.offset), xAt: u32(from.offset) },
        { x: from.buffer },
        { y: bufferOf(dst) },
      );
      from.release();
    },

    scaleInPlace(tensors, factor) {
      for (const t of tensors) {
        overElements(
          'scaleInPlace',
          perElement('  y[p.yAt + i] = y[p.yAt + i] * factor[p.factorAt];'),
          t,
          { yAt: u32(t.offset), factorAt: u32(factor.offset) },
          { factor: bufferOf(factor) },
          { y: bufferOf(t) },
        );
      }
    },

    sumSquares(tensors) {
      const blocks = tensors.map((t) => Math.min(Math.ceil(t.size / LANES), BLOCKS));
      const partial = device.allocate(blocks.reduce((a, b) => a + b, 0));
      let slot = 0;
      tensors.forEach((t, i) => {
        if (blocks[i] === 0) return;
        const x = denseOf(device, t);
        device.compute({
          key: 'sumSquares',
          source: () => SQUARES,
          params: { size: u32(t.size), xAt: u32(x.offset), stride: u32(blocks[i] * LANES), slot: u32(slot) },
          reads: { x: x.buffer },
          writes: { partial },
          groups: [blocks[i], 1, 1],
        });
        x.release();
        slot += blocks[i];
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
      params.forEach((param, i) => {
        const grad = denseOf(device, grads[i]);
        overElements(
          'adam',
          ADAM,
          param,
          {
            paramAt: u32(param.offset),
            gradAt: u32(grad.offset),
            mAt: u32(m[i].offset),
            vAt: u32(v[i].offset),
            beta1: f32(beta1),
            beta2: f32(beta2),
            eps: f32(eps),
            l2: f32(decoupled ? 0 : weightDecay),
            keep: f32(decoupled ? 1 - lr * weightDecay : 1),
            rate: f32(lr / (1 - beta1 ** step)),
            correction: f32(Math.sqrt(1 - beta2 ** step)),
          },
          { grad: grad.buffer },
          { param: bufferOf(param), m: bufferOf(m[i]), v: bufferOf(v[i]) },
        );
        grad.release();
      });
    },
  };
}
