// Reference kernels that write into parameters and optimizer state, spelled out from the papers' formulas.
import type { AnyTensor } from '../../tensor';
import type { InPlaceKernels } from '../backend';
import { bufferOf, dense, type ReferenceBuffer } from './buffer';

/** Replaces every element of a dense tensor by a function of its place. */
function update(t: AnyTensor, f: (x: number, i: number) => number): void {
  const buffer = bufferOf(t);
  for (let i = 0; i < t.size; i++) buffer[t.offset + i] = f(buffer[t.offset + i], i);
}

export const inPlace: InPlaceKernels<ReferenceBuffer> = {
  copyInto(dst, src) {
    const values = dense(src);
    update(dst, (_, i) => values[i]);
  },

  addInto(dst, src) {
    const values = dense(src);
    update(dst, (x, i) => x + values[i]);
  },

  scaleInPlace(tensors, factor) {
    const [by] = dense(factor);
    for (const t of tensors) update(t, (x) => x * by);
  },

  clampInPlace(tensors, limit) {
    for (const t of tensors) update(t, (x) => Math.min(Math.max(x, -limit), limit));
  },

  sumSquares(tensors) {
    let total = 0;
    for (const t of tensors) for (const x of dense(t)) total += x * x;
    return Float64Array.of(total);
  },

  adam(params, grads, m, v, { lr, beta1, beta2, eps, weightDecay, decoupled, step }) {
    const correction1 = 1 - beta1 ** step;
    const correction2 = Math.sqrt(1 - beta2 ** step);
    params.forEach((p, n) => {
      const weights = dense(p);
      const g = dense(grads[n]).map((x: number, i: number) => (decoupled ? x : x + weightDecay * weights[i]));
      update(m[n], (x, i) => beta1 * x + (1 - beta1) * g[i]);
      update(v[n], (x, i) => beta2 * x + (1 - beta2) * g[i] * g[i]);
      const first = dense(m[n]);
      const second = dense(v[n]);
      update(p, (x, i) => {
        const decayed = decoupled ? x * (1 - lr * weightDecay) : x;
        return decayed - ((lr / correction1) * first[i]) / (Math.sqrt(second[i]) / correction2 + eps);
      });
    });
  },

  sgd(params, grads, momentum, { lr, momentum: mu, dampening, nesterov, weightDecay, first }) {
    params.forEach((p, n) => {
      const weights = dense(p);
      const g = dense(grads[n]).map((x: number, i: number) => x + weightDecay * weights[i]);
      if (momentum === null) {
        update(p, (x, i) => x - lr * g[i]);
        return;
      }
      update(momentum[n], (x, i) => (first ? g[i] : mu * x + (1 - dampening) * g[i]));
      const velocity = dense(momentum[n]);
      update(p, (x, i) => x - lr * (nesterov ? g[i] + mu * velocity[i] : velocity[i]));
    });
  },

  lion(params, grads, momentum, { lr, beta1, beta2, weightDecay }) {
    params.forEach((p, n) => {
      const g = dense(grads[n]);
      const velocity = dense(momentum[n]);
      update(p, (x, i) => x * (1 - lr * weightDecay) - lr * Math.sign(beta1 * velocity[i] + (1 - beta1) * g[i]));
      update(momentum[n], (x, i) => beta2 * x + (1 - beta2) * g[i]);
    });
  },
};
