// The gradient of an embedding: one workgroup a row of the table, over the places that hold its id. The host, where the
// ids came from, has sorted them: no atomics, and the same sum every time.
import type { FusedKernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { placesOf, requireIds } from '../ids';
import { denseOf } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { groupsFor, LANES, perRow } from './snippets';

type Row = FusedKernel<{ readonly paddingIdx: number | null }, GpuBuffer>;

/** The portable row takes over where only the device knows the ids. */
export function embedding(device: WebGpuDevice, portable: Row): Row {
  return {
    forward: (inputs, out, attrs, save) => portable.forward(inputs, out, attrs, save),

    backward(gradient, context) {
      const [weight, index] = context.inputs;
      const [rows, width] = weight.shape;
      requireIds('embedding', index, rows);
      const places = placesOf(index, rows, context.attrs.paddingIdx);
      if (places === null || rows * width === 0) return portable.backward(gradient, context);
      const [starts, order] = [device.upload(places.starts), device.upload(places.order)];
      const g = denseOf(device, gradient);
      const dw = device.allocate(rows * width);
      device.compute({
        key: 'embedding gradient',
        source: () =>
          perRow(`
  let first = u32(starts[row]);
  let end = u32(starts[row + 1u]);
  for (var k = lane; k < p.width; k += ${LANES}u) {
    var total = 0.0;
    for (var i = first; i < end; i++) { total += g[p.gAt + u32(order[i]) * p.width + k]; }
    dw[row * p.width + k] = total;
  }`),
        params: { rows, width, gAt: g.offset },
        reads: { starts, order, g: g.buffer },
        writes: { dw },
        groups: groupsFor(rows),
      });
      g.release();
      for (const buffer of [starts, order]) device.free(buffer);
      return [dw, null];
    },
  };
}
