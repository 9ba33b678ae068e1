// Moving buffers into one, so that a single dispatch goes over all of them.
import type { GpuBuffer } from '../buffer';
import type { WebGpuDevice } from '../webgpu-device';
import { memoryOf, partSize } from '../webgpu-memory';

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
