// Elements of several buffers side by side in a new one, out of gpu.js kernels.
import type { GpuBuffer } from '../buffer';
import { Call } from '../call';
import type { Device } from '../device';
import { type Piece, partSize } from '../parts';
import { threadsOf } from '../threads';

/**
 * Textures that one kernel joins: what every WebGL 2 has room for. The sizes of these are in its shader, so that layers of
 * as many parameters, as most encoders have, share one.
 */
const MOST_TEXTURES = 16;

/** Joins them in groups, then the groups. Kernels that run once aren't kept. */
export function joinByKernels(device: Device, pieces: readonly Piece[], isOnce: boolean): GpuBuffer {
  let open = pieces;
  do {
    const next: Piece[] = [];
    for (let i = 0; i < open.length; i += MOST_TEXTURES) {
      const buffer = joinOnce(device, open.slice(i, i + MOST_TEXTURES), isOnce);
      next.push({ buffer, offset: 0, size: buffer.length });
    }
    if (open !== pieces) for (const { buffer } of open) device.free(buffer);
    open = next;
  } while (open.length > 1);
  return open[0].buffer;
}

function joinOnce(device: Device, pieces: readonly Piece[], isOnce: boolean): GpuBuffer {
  const threads = threadsOf(device.mode, [pieces.reduce((sum, { size }) => sum + partSize(size), 0)]);
  const call = new Call(device, 'join').note(pieces.map(({ size }) => size));
  if (isOnce) call.once();
  const elements = pieces.map(({ buffer, offset }) => call.buffer(buffer, [1], offset));
  return call.run(threads, () => {
    let end = 0;
    return pieces
      .map(({ size }, i) => {
        const start = end;
        end += partSize(size);
        return `
if (this.thread.x < ${start + size}) { return ${elements[i].at([`(this.thread.x - ${start})`])}; }
if (this.thread.x < ${end}) { return 0; }`;
      })
      .concat('return 0;')
      .join('');
  });
}
