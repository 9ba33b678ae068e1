// Dropout with the mask drawn on the device: the same Philox numbers as everywhere, four elements a thread.
import type { DropoutAttrs } from '../../../fused/dropout';
import { sameShape } from '../../../shape';
import type { AnyTensor } from '../../../tensor';
import type { FusedKernel, Kernel } from '../../backend';
import { GpuBuffer, type Pending } from '../buffer';
import { bufferOf } from '../call';
import { type Dense, denseOf } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { f32, groupsFor, LANES, PHILOX, perElement } from './snippets';

/** Parameters that the generator and the comparison need. */
export function dropoutParams({ p, seedLo, seedHi, offsetLo, offsetHi }: DropoutAttrs) {
  return {
    seedLo,
    seedHi,
    offsetLo,
    offsetHi,
    limit: Math.floor(p * 2 ** 32),
    kept: f32(1 / (1 - p)),
  };
}

/** A dropout that has not run yet, so that an addition behind it may join it: residual connections have one. */
class Dropped implements Pending {
  readonly reads: readonly GpuBuffer[];

  constructor(
    private readonly device: WebGpuDevice,
    private readonly x: Pick<Dense, 'buffer' | 'offset'>,
    readonly size: number,
    private readonly attrs: DropoutAttrs,
  ) {
    this.reads = [x.buffer];
    // One thing waits, not a row of them.
    void x.buffer.resource;
  }

  free(buffer: GpuBuffer): void {
    this.device.free(buffer);
  }

  run(): GpuBuffer {
    return this.plus(null);
  }

  /** The dropped elements, added to others where there are some. */
  plus(other: Dense | null): GpuBuffer {
    const { device, x, size, attrs } = this;
    const y = device.allocate(size);
    const blocks = Math.ceil(size / 4);
    if (blocks === 0) return y;
    const added = other === null ? '' : ' + z[p.zAt + k]';
    device.compute({
      key: `dropout ${other !== null}`,
      source: () =>
        perElement(
          `
  let bits = philox(i);
  for (var lane4 = 0u; lane4 < 4u; lane4++) {
    let k = i * 4u + lane4;
    if (k < p.elements) { y[k] = select(0.0, x[p.xAt + k] * p.kept, bits[lane4] >= p.limit)${added}; }
  }`,
          PHILOX,
        ),
      params: {
        size: blocks,
        elements: size,
        xAt: x.offset,
        ...dropoutParams(attrs),
        ...(other === null ? {} : { zAt: other.offset }),
      },
      reads: { x: x.buffer, ...(other === null ? {} : { z: other.buffer }) },
      writes: { y },
      groups: groupsFor(Math.ceil(blocks / LANES)),
    });
    return y;
  }
}

export function dropout(device: WebGpuDevice): FusedKernel<DropoutAttrs, GpuBuffer> {
  const masked = (t: AnyTensor, attrs: DropoutAttrs): GpuBuffer => {
    const x = denseOf(device, t);
    const y = new GpuBuffer(new Dropped(device, x, t.size, attrs), t.size);
    x.release();
    return y;
  };
  return {
    forward: ([x], _, attrs) => masked(x, attrs),
    backward: (g, { attrs }) => [masked(g, attrs)],
  };
}

/** Addition that takes a dropout before it along; `plain` does all others. */
export function addDropped(device: WebGpuDevice, plain: Kernel<object, GpuBuffer>): Kernel<object, GpuBuffer> {
  return (inputs, out, attrs) => {
    for (const [i, t] of inputs.entries()) {
      const { pending } = bufferOf(t);
      const other = inputs[1 - i];
      const isWhole = t.contiguous && sameShape(t.shape, out.shape) && sameShape(other.shape, out.shape);
      if (!(pending instanceof Dropped) || !isWhole || t.size !== pending.size) continue;
      const more = denseOf(device, other);
      const sum = pending.plus(more);
      more.release();
      return sum;
    }
    return plain(inputs, out, attrs);
  };
}
