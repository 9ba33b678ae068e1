// Updates of parameters, state and gradients. Results of gpu.js never change: each update makes a new buffer and puts
// it behind the tensor's handle.
import type { AnyTensor } from '../../../tensor';
import type { InPlaceKernels } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { bufferOf } from '../call';
import type { Device } from '../device';
import { denseAs, viewOf } from '../view';
import { mapElements, mapViews } from './elementwise';
import { sumSquaresOf } from './reductions';

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

/** Buffers of one float, added up in groups that one kernel takes. */
export function addScalars(device: Device, scalars: readonly GpuBuffer[]): GpuBuffer {
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

/** The in-place kernels out of gpu.js kernels. */
export function inPlaceKernels(device: Device): InPlaceKernels<GpuBuffer> {
  const update = (
    t: AnyTensor,
    op: string,
    others: readonly AnyTensor[],
    numbers: readonly number[],
    body: string,
  ): void => replace(device, t, mapElements(device, op, [t, ...others], numbers, body));

  return {
    copyInto: (dst, src) => replace(device, dst, mapElements(device, 'contiguous', [src], [], 'return a;')),

    addInto: (dst, src) => update(dst, 'add', [src], [], 'return a + b;'),

    scaleInPlace(tensors, factor) {
      for (const t of tensors) {
        const by = { ...viewOf(factor), strides: t.shape.map(() => 0) };
        replace(device, t, mapViews(device, 'scale', t.shape, [viewOf(t), by], [], 'return a * b;'));
      }
    },

    clampInPlace(tensors, limit) {
      for (const t of tensors) update(t, 'clamp', [], [limit], 'return Math.min(Math.max(a, -s), s);');
    },

    sumSquares: (tensors) =>
      addScalars(
        device,
        tensors.map((t) => sumSquaresOf(device, t)),
      ),

    adam(params, grads, m, v, { lr, beta1, beta2, eps, weightDecay, decoupled, step }) {
      const decay = decoupled ? 0 : weightDecay;
      const rate = lr / (1 - beta1 ** step);
      const correction = Math.sqrt(1 - beta2 ** step);
      params.forEach((p, i) => {
        const gradient = 'const g = b + t * c;';
        update(m[i], 'adam m', [grads[i], p], [beta1, decay], `${gradient} return s * a + (1 - s) * g;`);
        update(v[i], 'adam v', [grads[i], p], [beta2, decay], `${gradient} return s * a + (1 - s) * g * g;`);
        const keep = decoupled ? 1 - lr * weightDecay : 1;
        const moved = 'return a * s - t * b / (Math.sqrt(c) / u + v);';
        update(p, 'adam p', [m[i], v[i]], [keep, rate, correction, eps], moved);
      });
    },

    sgd(params, grads, momentum, { lr, momentum: mu, dampening, nesterov, weightDecay, first }) {
      params.forEach((p, i) => {
        if (momentum === null) {
          update(p, 'sgd', [grads[i]], [lr, weightDecay], 'return a - s * (b + t * a);');
          return;
        }
        const share = first ? [0, 1] : [mu, 1 - dampening];
        update(momentum[i], 'sgd momentum', [grads[i], p], [...share, weightDecay], 'return s * a + t * (b + u * c);');
        if (nesterov) {
          const ahead = 'return a - s * (b + t * a + u * c);';
          update(p, 'sgd nesterov', [grads[i], momentum[i]], [lr, weightDecay, mu], ahead);
        } else update(p, 'sgd step', [momentum[i]], [lr], 'return a - s * b;');
      });
    },

    lion(params, grads, momentum, { lr, beta1, beta2, weightDecay }) {
      params.forEach((p, i) => {
        const moved = 'return a * (1 - s * t) - s * Math.sign(u * c + (1 - u) * b);';
        update(p, 'lion', [grads[i], momentum[i]], [lr, weightDecay, beta1], moved);
        update(momentum[i], 'lion momentum', [grads[i]], [beta2], 'return s * a + (1 - s) * b;');
      });
    },
  };
}
