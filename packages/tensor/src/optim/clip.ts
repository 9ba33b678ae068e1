// Gradient clipping.

import { ArgumentError } from '../errors';
import { inWords, requireTensor, scope, track } from '../lifetime';
import type { Parameter } from '../nn/parameter';
import { assertComputed, wrap } from '../op';
import { minimum, reciprocal, sqrt } from '../ops/arithmetic';
import { zeros } from '../ops/create';
import { noGrad } from '../recording';
import { Storage } from '../storage';
import type { Tensor } from '../tensor';
import { measured } from './measured';

/**
 * Scales all gradients so that their joint L2 norm is at most `maxNorm`, as `torch.nn.utils.clip_grad_norm_`. Nothing is
 * read back: the factor is computed where the gradients are.
 *
 * @returns the norm before clipping, a scalar
 * @throws {OutOfMemory} where there is no room for it; no gradient has changed then.
 * @example
 * ```ts
 * import { init, tensor } from '@heddle/tensor';
 * import { Parameter } from '@heddle/tensor/nn';
 * import { clipGradNorm } from '@heddle/tensor/optim';
 * await init();
 * const w = new Parameter(tensor([3, 4]));
 * w.mul(w).sum().backward(); // gradient [6, 8]
 * console.log(await clipGradNorm([w], 1).item()); // 10
 * ```
 */
export function clipGradNorm(params: readonly Parameter[], maxNorm: number): Tensor {
  requireLimit('clipGradNorm', 'maxNorm', maxNorm);
  const grads = gradientsOf('clipGradNorm', params);
  return noGrad(() =>
    scope(() => {
      if (grads.length === 0) return zeros([]);
      const { backend } = grads[0].storage;
      const squares = measured('sumSquares', grads, () => backend.inPlace.sumSquares(grads));
      const norm = sqrt(scalar(squares, grads[0]));
      const factor = minimum(reciprocal(norm.add(1e-6)).mul(maxNorm), 1);
      assertComputed([factor]);
      measured('scaleInPlace', grads, () => backend.inPlace.scaleInPlace(grads, factor));
      return norm;
    }),
  );
}

/** Limits every element of every gradient to `[-limit, limit]`. */
export function clipGradValue(params: readonly Parameter[], limit: number): void {
  requireLimit('clipGradValue', 'limit', limit);
  const grads = gradientsOf('clipGradValue', params);
  if (grads.length === 0) return;
  const { inPlace } = grads[0].storage.backend;
  measured('clampInPlace', grads, () => inPlace.clampInPlace(grads, limit));
}

/** Gradients that are there; failed ones are left to `step`, which throws what they failed on. */
function gradientsOf(op: string, params: readonly Parameter[]): Tensor[] {
  if (!Array.isArray(params)) throw new ArgumentError(op, 'params', 'a list of parameters', inWords(params));
  for (const p of params) requireTensor(op, 'params', p);
  return params.flatMap((p) => (p.grad === null || p.grad.storage.error !== null ? [] : [p.grad]));
}

function requireLimit(op: string, argument: string, limit: number): void {
  if (!(typeof limit === 'number' && limit >= 0))
    throw new ArgumentError(op, argument, 'a number of at least 0', inWords(limit));
}

function scalar(buffer: unknown, like: Tensor): Tensor {
  const t = wrap<'float32'>(
    new Storage(like.storage.backend, buffer, 4),
    { shape: [], dtype: 'float32' },
    'sumSquares',
  );
  track(t);
  return t;
}
