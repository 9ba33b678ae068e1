// Updates that really happen in place: parameters, their state, gradients. Several
// parameters a dispatch, one submission for all of them.
import type { InPlaceKernels } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { bufferOf } from '../call';
import { denseOf } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { adam } from './adam';
import { overMany } from './many';
import { ACROSS, groupsFor, LANES, perElement } from './snippets';

/** The kernels of this file; the portable ones do the rest. */
type Own = Pick<InPlaceKernels<GpuBuffer>, 'copyInto' | 'addInto' | 'scaleInPlace' | 'sumSquares' | 'adam'>;

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
          params: { size: dst.size, yAt: dst.offset, xAt: from.offset },
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
        params: { factorAt: factor.offset },
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
        at: (before) => ({ slot: before }),
        writes: { partial },
        blocksOf,
      });
      const y = device.allocate(1);
      device.compute({
        key: 'sumSquares total',
        source: () => TOTAL,
        params: { size: partial.length },
        reads: { partial },
        writes: { y },
        groups: [1, 1, 1],
      });
      device.free(partial);
      return y;
    },

    adam: adam(device),
  };
}
