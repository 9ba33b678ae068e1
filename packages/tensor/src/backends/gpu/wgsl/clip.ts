// What clipping of gradients takes, over all of them in one dispatch. They move into one buffer, where the optimizer finds
// them.
import type { AnyTensor } from '../../../tensor';
import type { InPlaceKernels } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { bufferOf } from '../call';
import { moved } from '../side-by-side';
import type { WebGpuDevice } from '../webgpu-device';
import { overMany } from './many';
import { ACROSS, groupsFor, LANES, perElement } from './snippets';

/** Workgroups that one tensor's sum of squares is shared out to at most, and that of all. */
const BLOCKS = { one: 64, all: 1024 } as const;

const blocksOf = (size: number): number => Math.min(Math.ceil(size / LANES), BLOCKS.one);

/** Sums of `term` of each element `d`, one a workgroup. */
const sums = (term: string): string => `${ACROSS}
@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  var total = 0.0;
  for (var i = id.x * ${LANES}u + lane; i < p.size; i += p.blocks * ${LANES}u) { let d = x[i]; total += ${term}; }
  let sum = sumAcross(lane, total);
  if (lane == 0u) { y[p.slot + id.x] = sum; }
}`;

/** The same for one tensor of several. */
const squares = (n: number): string => `var total = 0.0;
    for (var k = i; k < size; k += blocks * ${LANES}u) { let d = x${n}[p.at_x${n} + k]; total += d * d; }
    let sum = sumAcross(lane, total);
    if (lane == 0u) { partial[p.slot + n] = sum; }`;

export function clip(device: WebGpuDevice): Pick<InPlaceKernels<GpuBuffer>, 'scaleInPlace' | 'sumSquares'> {
  const most = device.largestBuffer / 4;
  return {
    scaleInPlace(tensors, factor) {
      for (const { tensors: group, all, size } of moved(device, tensors, most)) {
        if (all === null) scaleSeveral(device, group, factor);
        else {
          device.compute({
            key: 'scaleInPlace over all',
            source: () => perElement('  y[i] = y[i] * factor[p.factorAt];'),
            params: { size, factorAt: factor.offset },
            reads: { factor: bufferOf(factor) },
            writes: { y: all },
            groups: groupsFor(Math.ceil(size / LANES)),
          });
        }
      }
    },

    sumSquares(tensors) {
      const groups = moved(device, tensors, most);
      const blocks = groups.map(({ tensors: group, all, size }) =>
        all === null
          ? group.reduce((sum, t) => sum + blocksOf(t.size), 0)
          : Math.min(Math.ceil(size / LANES), BLOCKS.all),
      );
      const partial = device.allocate(blocks.reduce((a, b) => a + b, 0));
      let before = 0;
      groups.forEach(({ tensors: group, all, size }, i) => {
        if (all === null) squaresOfSeveral(device, group, partial, before);
        else {
          device.compute({
            key: 'sumSquares over all',
            source: () => sums('d * d'),
            params: { size, blocks: blocks[i], slot: before },
            reads: { x: all },
            writes: { y: partial },
            groups: [blocks[i], 1, 1],
          });
        }
        before += blocks[i];
      });
      const y = device.allocate(1);
      device.compute({
        key: 'sumSquares total',
        source: () => sums('d'),
        params: { size: partial.length, blocks: 1, slot: 0 },
        reads: { x: partial },
        writes: { y },
        groups: [1, 1, 1],
      });
      device.free(partial);
      return y;
    },
  };
}

function scaleSeveral(device: WebGpuDevice, tensors: readonly AnyTensor[], factor: AnyTensor): void {
  overMany(device, [tensors], {
    key: 'scaleInPlace',
    names: ['y'],
    written: ['y'],
    body: (n) => `if (i < size) { y${n}[p.at_y${n} + i] = y${n}[p.at_y${n} + i] * factor[p.factorAt]; }`,
    params: { factorAt: factor.offset },
    reads: { factor: bufferOf(factor) },
  });
}

/** Sums by workgroup into `partial`, from the slot `first` on. */
function squaresOfSeveral(
  device: WebGpuDevice,
  tensors: readonly AnyTensor[],
  partial: GpuBuffer,
  first: number,
): void {
  overMany(device, [tensors], {
    key: 'sumSquares',
    names: ['x'],
    written: [],
    body: squares,
    at: (before) => ({ slot: first + before }),
    writes: { partial },
    blocksOf,
  });
}
