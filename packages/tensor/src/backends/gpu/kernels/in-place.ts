// Updates of parameters, state and gradients, out of gpu.js kernels.
import type { InPlaceKernels } from '../../backend';
import type { GpuBuffer } from '../buffer';
import type { Device } from '../device';
import { adam } from './adam';
import { clip } from './clip';
import { mapElements } from './elementwise';
import { replace, update } from './update';

/** The in-place kernels out of gpu.js kernels. */
export function inPlaceKernels(device: Device): InPlaceKernels<GpuBuffer> {
  return {
    ...clip(device),
    adam: adam(device),

    copyInto: (dst, src) => replace(device, dst, mapElements(device, 'contiguous', [src], [], 'return a;')),

    addInto: (dst, src) => update(device, dst, 'add', [src], [], 'return a + b;'),

    clampInPlace(tensors, limit) {
      for (const t of tensors) update(device, t, 'clamp', [], [limit], 'return Math.min(Math.max(a, -s), s);');
    },

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
