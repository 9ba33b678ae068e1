// What clipping of gradients takes: the sum of their squares, and a factor on all of them.
import type { AnyTensor } from '../../../tensor';
import type { InPlaceKernels } from '../../backend';
import type { GpuBuffer } from '../buffer';
import type { Device } from '../device';
import { MOST_TOGETHER, moved, replaceTogether } from '../side-by-side';
import { denseAs, type View, viewOf } from '../view';
import { mapViews } from './elementwise';
import { sumSquaresOf } from './reductions';
import { replace } from './update';

type Clip = Pick<InPlaceKernels<GpuBuffer>, 'scaleInPlace' | 'sumSquares'>;

/** One kernel for all tensors, which move into one buffer, or one each where they can't. */
export function clip(device: Device): Clip {
  const most = Math.min(MOST_TOGETHER, device.largestBuffer / 4);
  return {
    scaleInPlace(tensors, factor) {
      for (const { tensors: group, all, size } of moved(device, tensors, most)) {
        if (all === null) for (const t of group) replace(device, t, scaled(device, t.shape, viewOf(t), factor));
        else replaceTogether(device, group, scaled(device, [size], denseAs(all, [size]), factor));
      }
    },

    sumSquares: (tensors) =>
      addScalars(
        device,
        moved(device, tensors, most).flatMap(({ tensors: group, all, size }) =>
          all === null
            ? group.map((t) => sumSquaresOf(device, t.shape, viewOf(t)))
            : [sumSquaresOf(device, [size], denseAs(all, [size]))],
        ),
      ),
  };
}

function scaled(device: Device, shape: readonly number[], view: View, factor: AnyTensor): GpuBuffer {
  const by = { ...viewOf(factor), strides: shape.map(() => 0) };
  return mapViews(device, 'scale', shape, [view, by], [], 'return a * b;');
}

/** Buffers of one float, added up in groups that one kernel takes. */
function addScalars(device: Device, scalars: readonly GpuBuffer[]): GpuBuffer {
  let open = [...scalars];
  while (open.length > 1) {
    const next: GpuBuffer[] = [];
    for (let i = 0; i < open.length; i += 6) {
      const group = open.slice(i, i + 6);
      const letters = ['a', 'b', 'c', 'd', 'e', 'f'].slice(0, group.length);
      const views = group.map((buffer) => denseAs(buffer, []));
      next.push(mapViews(device, `add ${group.length}`, [], views, [], `return ${letters.join(' + ')};`));
      for (const buffer of group) device.free(buffer);
    }
    open = next;
  }
  return open[0] ?? device.upload(new Float32Array(1));
}
