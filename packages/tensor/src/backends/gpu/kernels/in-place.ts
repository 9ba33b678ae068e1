// Updates of parameters, state and gradients, out of gpu.js kernels.
import type { InPlaceKernels } from '../../backend';
import type { GpuBuffer } from '../buffer';
import type { Device } from '../device';
import { denseAs, viewOf } from '../view';
import { WebGpuDevice } from '../webgpu-device';
import { adam, adamOverAll } from './adam';
import { mapElements, mapViews } from './elementwise';
import { sumSquaresOf } from './reductions';
import { replace, update } from './update';

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
  return {
    copyInto: (dst, src) => replace(device, dst, mapElements(device, 'contiguous', [src], [], 'return a;')),

    addInto: (dst, src) => update(device, dst, 'add', [src], [], 'return a + b;'),

    scaleInPlace(tensors, factor) {
      for (const t of tensors) {
        const by = { ...viewOf(factor), strides: t.shape.map(() => 0) };
        replace(device, t, mapViews(device, 'scale', t.shape, [viewOf(t), by], [], 'return a * b;'));
      }
    },

    clampInPlace(tensors, limit) {
      for (const t of tensors) update(device, t, 'clamp', [], [limit], 'return Math.min(Math.max(a, -s), s);');
    },

    sumSquares: (tensors) =>
      addScalars(
        device,
        tensors.map((t) => sumSquaresOf(device, t)),
      ),

    adam: device instanceof WebGpuDevice ? adamOverAll(device) : adam(device),

    sgd(params, grads, momentum, { lr, momentum: mu, dampening, nesterov, weightDecay, first }) {
      params.forEach((p, i) => {
        if (momentum === null) {
          update(device, p, 'sgd', [grads[i]], [lr, weightDecay], 'return a - s * (b + t * a);');
          return;
        }
        const share = first ? [0, 1] : [mu, 1 - dampening];
        update(
          device,
          momentum[i],
          'sgd momentum',
          [grads[i], p],
          [...share, weightDecay],
          'return s * a + t * (b + u * c);',
        );
        if (nesterov) {
          const ahead = 'return a - s * (b + t * a + u * c);';
          update(device, p, 'sgd nesterov', [grads[i], momentum[i]], [lr, weightDecay, mu], ahead);
        } else update(device, p, 'sgd step', [momentum[i]], [lr], 'return a - s * b;');
      });
    },

    lion(params, grads, momentum, { lr, beta1, beta2, weightDecay }) {
      params.forEach((p, i) => {
        const moved = 'return a * (1 - s * t) - s * Math.sign(u * c + (1 - u) * b);';
        update(device, p, 'lion', [grads[i], momentum[i]], [lr, weightDecay, beta1], moved);
        update(device, momentum[i], 'lion momentum', [grads[i]], [beta2], 'return s * a + (1 - s) * b;');
      });
    },
  };
}
