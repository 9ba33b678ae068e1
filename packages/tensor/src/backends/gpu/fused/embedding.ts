// Rows of a table by ids, and their gradient.
import type { FusedKernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import type { Device } from '../device';
import { addRows, takeRows } from '../kernels/indexing';

export function embedding(device: Device): FusedKernel<{ readonly paddingIdx: number | null }, GpuBuffer> {
  return {
    forward: ([weight, index]) => takeRows(device, weight, index),
    backward(g, { inputs: [weight, index], attrs: { paddingIdx } }) {
      const [rows, width] = weight.shape;
      return [addRows(device, index, g, rows, width, paddingIdx), null];
    },
  };
}
