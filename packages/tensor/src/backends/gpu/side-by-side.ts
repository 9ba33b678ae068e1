// Several buffers in one GPUBuffer, so that a single dispatch goes over all of them.
import type { AnyTensor } from '../../tensor';
import type { GpuBuffer } from './buffer';
import { bufferOf } from './call';
import { denseOf } from './view';
import type { WebGpuDevice } from './webgpu-device';
import { memoryOf, partSize } from './webgpu-memory';

/** The buffer that holds a tensor and nothing else, or null. */
export function wholeOf(t: AnyTensor): GpuBuffer | null {
  const buffer = bufferOf(t);
  return t.offset === 0 && t.size === buffer.length ? buffer : null;
}

/**
 * Moves buffers side by side in this order, where they aren't yet. False where one can't be moved, is there twice, or lies
 * with others already: moving those time and again would cost more than it saves.
 */
export function moveTogether(device: WebGpuDevice, buffers: readonly (GpuBuffer | null)[]): boolean {
  const there = buffers.filter((buffer) => buffer !== null);
  if (there.length < buffers.length || new Set(there).size < there.length) return false;
  if (areTogether(there)) return true;
  if (there.some((buffer) => device.isPart(buffer))) return false;
  const parts = device.allocateParts(there.map((buffer) => buffer.length));
  there.forEach((buffer, i) => {
    device.copy(buffer, 0, parts[i], 0, buffer.length);
    device.free(buffer.swap(parts[i]));
  });
  return true;
}

function areTogether(buffers: readonly GpuBuffer[]): boolean {
  const memory = memoryOf(buffers[0]);
  let end = 0;
  return buffers.every((buffer) => {
    const base = end;
    end += partSize(buffer.length);
    return memoryOf(buffer) === memory && buffer.base === base;
  });
}

/** Copies of tensors, side by side in this order. */
export function copyTogether(device: WebGpuDevice, tensors: readonly AnyTensor[]): readonly GpuBuffer[] {
  const parts = device.allocateParts(tensors.map(({ size }) => size));
  tensors.forEach((t, i) => {
    const from = denseOf(device, t);
    device.copy(from.buffer, from.offset, parts[i], 0, t.size);
    from.release();
  });
  return parts;
}

/** Lists of tensors in groups whose first ones take at most so many elements side by side. */
export function groupsWithin<E extends readonly AnyTensor[]>(entries: readonly E[], most: number): E[][] {
  const groups: E[][] = [];
  let taken = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const more = partSize(entry[0].size);
    if (taken + more > most) {
      groups.push([]);
      taken = 0;
    }
    groups.at(-1)?.push(entry);
    taken += more;
  }
  return groups;
}

/** Elements that they take side by side. */
export function sizeTogether(tensors: readonly AnyTensor[]): number {
  return tensors.reduce((sum, { size }) => sum + partSize(size), 0);
}
