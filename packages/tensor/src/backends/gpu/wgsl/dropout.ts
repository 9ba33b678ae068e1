// Dropout with the mask drawn on the device: the same Philox numbers as everywhere, four elements a thread.
import type { DropoutAttrs } from '../../../fused/dropout';
import type { AnyTensor } from '../../../tensor';
import type { FusedKernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { denseOf } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { f32, groupsFor, LANES, PHILOX, perElement, u32 } from './snippets';

/** Parameters that the generator and the comparison need. */
export function dropoutParams({ p, seedLo, seedHi, offsetLo, offsetHi }: DropoutAttrs) {
  return {
    seedLo: u32(seedLo),
    seedHi: u32(seedHi),
    offsetLo: u32(offsetLo),
    offsetHi: u32(offsetHi),
    limit: u32(Math.floor(p * 2 ** 32)),
    kept: f32(1 / (1 - p)),
  };
}

export function dropout(device: WebGpuDevice): FusedKernel<DropoutAttrs, GpuBuffer> {
  const masked = (t: AnyTensor, attrs: DropoutAttrs): GpuBuffer => {
    const x = denseOf(device, t);
    const y = device.allocate(t.size);
    const blocks = Math.ceil(t.size / 4);
    if (blocks > 0) {
      device.compute({
        key: 'dropout',
        source: () =>
          perElement(
            `
  let bits = philox(i);
  for (var lane4 = 0u; lane4 < 4u; lane4++) {
    let k = i * 4u + lane4;
    if (k < p.elements) { y[k] = select(0.0, x[p.xAt + k] * p.kept, bits[lane4] >= p.limit); }
  }`,
            PHILOX,
          ),
        params: { size: u32(blocks), elements: u32(t.size), xAt: u32(x.offset), ...dropoutParams(attrs) },
        reads: { x: x.buffer },
        writes: { y },
        groups: groupsFor(Math.ceil(blocks / LANES)),
      });
    }
    x.release();
    return y;
  };
  return {
    forward: ([x], _, attrs) => masked(x, attrs),
    backward: (g, { attrs }) => [masked(g, attrs)],
  };
}
