// Updates that really happen in place: parameters, their state, gradients.
import type { InPlaceKernels } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { bufferOf } from '../call';
import { copyElements } from '../side-by-side';
import { denseOf } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { adam } from './adam';
import { clip } from './clip';
import { groupsFor, LANES, perElement } from './snippets';

/** The kernels of this file; the portable ones do the rest. */
type Own = Pick<InPlaceKernels<GpuBuffer>, 'copyInto' | 'addInto' | 'scaleInPlace' | 'sumSquares' | 'adam'>;

export function inPlace(device: WebGpuDevice): Own {
  return {
    copyInto: (dst, src) => copyElements(device, src, bufferOf(dst), dst.offset),

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

    ...clip(device),
    adam: adam(device),
  };
}
