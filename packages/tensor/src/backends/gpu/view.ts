// Buffers seen with strides, whether a tensor holds them or not.
import type { AnyTensor } from '../../tensor';
import type { GpuBuffer } from './buffer';
import { bufferOf, Call, stridesOf } from './call';
import type { Device } from './device';
import { threadsOf } from './threads';

/** A buffer, and where its elements lie. */
export interface View {
  readonly buffer: GpuBuffer;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** A tensor as a view. */
export function viewOf(t: AnyTensor): View {
  return { buffer: bufferOf(t), strides: t.strides, offset: t.offset };
}

/** A buffer in row-major order. */
export function denseAs(buffer: GpuBuffer, shape: readonly number[], offset = 0): View {
  return { buffer, strides: stridesOf(shape), offset };
}

/** A dense buffer with a tensor's elements, and how to let go of it. */
export interface Dense {
  readonly buffer: GpuBuffer;
  readonly offset: number;
  release(): void;
}

/** The tensor's own buffer where its elements lie in order, else a copy. */
export function denseOf(device: Device, t: AnyTensor): Dense {
  if (t.contiguous) return { buffer: bufferOf(t), offset: t.offset, release: () => undefined };
  const threads = threadsOf(device.mode, t.shape);
  const call = new Call(device, 'dense');
  const x = call.tensor(t, threads.index);
  const buffer = call.run(threads, () => `return ${x.at(threads.index)};`);
  return { buffer, offset: 0, release: () => device.free(buffer) };
}
