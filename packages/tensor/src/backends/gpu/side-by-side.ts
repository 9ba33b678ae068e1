// Tensors whose elements lie side by side in one buffer of the device: how they get there, and how results replace them.
import type { AnyTensor } from '../../tensor';
import type { GpuBuffer } from './buffer';
import { bufferOf } from './call';
import type { Device } from './device';
import { partSize } from './parts';
import { denseOf } from './view';
import type { WebGpuMemory } from './webgpu-memory';

/** The buffer that holds a tensor and nothing else, or null. */
export function wholeOf(t: AnyTensor): GpuBuffer | null {
  const buffer = bufferOf(t);
  return t.offset === 0 && t.size === buffer.length ? buffer : null;
}

/**
 * Moves buffers side by side in this order, where they aren't yet, to be written: what still has to read them does so
 * first. False where one can't be moved, is there twice, or lies with others already: moving those time and again would
 * cost more than it saves. `isOnce` says that they stay there.
 */
export function moveTogether(device: Device, buffers: readonly (GpuBuffer | null)[], isOnce: boolean): boolean {
  const there = buffers.filter((buffer) => buffer !== null);
  if (there.length < buffers.length || new Set(there).size < there.length) return false;
  if (areTogether(there)) {
    for (const buffer of there) buffer.beforeWrite();
    return true;
  }
  if (there.some((buffer) => device.parts.has(buffer))) return false;
  const pieces = there.map((buffer) => ({ buffer, offset: 0, size: buffer.length }));
  const parts = device.parts.split(
    device.join(pieces, isOnce),
    there.map((buffer) => buffer.length),
  );
  there.forEach((buffer, i) => {
    device.free(buffer.swap(parts[i]));
  });
  return true;
}

function areTogether(buffers: readonly GpuBuffer[]): boolean {
  const { resource } = buffers[0];
  let end = 0;
  return buffers.every((buffer) => {
    const base = end;
    end += partSize(buffer.length);
    return buffer.resource === resource && buffer.base === base;
  });
}

/** Elements of several tensors side by side, and how to let go of them. */
export interface Together {
  /** Where the first tensor's begin, and all of them. */
  readonly all: GpuBuffer;
  release(): void;
}

/** The tensors themselves where they lie side by side in this order, else copies that do. */
export function together(device: Device, tensors: readonly AnyTensor[]): Together {
  const wholes = tensors.map(wholeOf).filter((buffer) => buffer !== null);
  if (wholes.length === tensors.length && areTogether(wholes)) return { all: wholes[0], release: () => undefined };
  const pieces = tensors.map((t) => ({ ...denseOf(device, t), size: t.size }));
  const all = device.join(pieces, false);
  for (const piece of pieces) piece.release();
  return { all, release: () => device.free(all) };
}

/** Puts a result in the place of tensors that lie side by side: each gets its part. */
export function replaceTogether(device: Device, tensors: readonly AnyTensor[], result: GpuBuffer): void {
  const parts = device.parts.split(
    result,
    tensors.map(({ size }) => size),
  );
  tensors.forEach((t, i) => {
    device.free(bufferOf(t).swap(parts[i]));
  });
}

/** Copies a tensor's elements, in row-major order, to where `at` says. */
export function copyElements(device: WebGpuMemory & Device, t: AnyTensor, to: GpuBuffer, at: number): void {
  const from = denseOf(device, t);
  device.copy(from.buffer, from.offset, to, at, t.size);
  from.release();
}

/**
 * Elements that gpu.js's kernels go over at once. They write anew what they change, and for a moment it is there twice.
 */
export const MOST_TOGETHER = 2 ** 24;

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

/** Elements from the first to the last, zeros between them included: what follows the last may be anything. */
export function spanOf(tensors: readonly AnyTensor[]): number {
  const { size } = tensors[tensors.length - 1];
  return sizeTogether(tensors) - partSize(size) + size;
}

/** Tensors that are worked on at once. */
export interface Moved {
  readonly tensors: readonly AnyTensor[];
  /** Where they begin, side by side; null where they couldn't be moved. */
  readonly all: GpuBuffer | null;
  /** Elements there, see `spanOf`. */
  readonly size: number;
}

/** Moves tensors side by side, at most so many elements at once. Empty ones are left out. */
export function moved(device: Device, tensors: readonly AnyTensor[], most: number): Moved[] {
  const entries = tensors.filter(({ size }) => size > 0).map((t) => [t] as const);
  return groupsWithin(entries, most).map((group) => {
    const list = group.flat();
    const size = spanOf(list);
    const isMoved = size <= most && moveTogether(device, list.map(wholeOf), false);
    return { tensors: list, all: isMoved ? bufferOf(list[0]) : null, size };
  });
}
