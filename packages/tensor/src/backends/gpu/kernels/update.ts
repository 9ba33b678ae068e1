// Results of gpu.js never change: an update makes a new buffer and puts it behind the tensor's handle.
import type { AnyTensor } from '../../../tensor';
import type { GpuBuffer } from '../buffer';
import { bufferOf } from '../call';
import type { Device } from '../device';
import { denseAs } from '../view';
import { mapElements, mapViews } from './elementwise';

/** Updates a tensor by statements over its elements, `a`, and those of others, `b` … `f`. */
export function update(
  device: Device,
  t: AnyTensor,
  op: string,
  others: readonly AnyTensor[],
  numbers: readonly number[],
  statements: string,
): void {
  replace(device, t, mapElements(device, op, [t, ...others], numbers, statements));
}

/** Puts a result in the place of a dense tensor's elements. */
export function replace(device: Device, t: AnyTensor, result: GpuBuffer): void {
  if (t.size === 0) {
    device.free(result);
    return;
  }
  const target = bufferOf(t);
  void target.resource;
  let next = result;
  if (t.size !== target.length) {
    // A part of a larger buffer: the rest stays.
    const whole = [target.length];
    const views = [denseAs(target, whole), denseAs(result, whole, -t.offset)];
    const inside = `this.thread.x >= s && this.thread.x < t`;
    next = mapViews(
      device,
      'splice',
      whole,
      views,
      [t.offset, t.offset + t.size],
      `if (${inside}) { return b; } return a;`,
    );
    device.free(result);
  }
  device.free(target.swap(next));
}
