// softmax and logSoftmax over the last axis; other axes are moved there and back.
import { type FusedOp, floats, type None } from '../define';
import { defineFused } from '../op';
import { div, exp, sub } from '../ops/arithmetic';
import { logSumExp, max, sum } from '../ops/reduce';
import { likeInput, requireDType } from '../ops/rules';
import { transpose } from '../ops/views';
import { normalAxis } from '../shape';
import type { Tensor } from '../tensor';

const samples = () => [
  { inputs: [floats([4, 7], [-4, 4])], attrs: {} },
  { inputs: [floats([2, 3, 33], [-4, 4])], attrs: {} },
  { inputs: [floats([5])], attrs: {} },
  { inputs: [floats([0, 5])], attrs: {} },
];

export const softmaxOp: FusedOp<None> = defineFused({
  name: 'softmax',
  infer: likeInput('softmax', ['float32']),
  composite: ([x]) => {
    const e = exp(sub(x, max(x, { axis: -1, keepdim: true }).detach()));
    return div(e, sum(e, { axis: -1, keepdim: true }));
  },
  saves: ['y'],
  samples,
});

export const logSoftmaxOp: FusedOp<None> = defineFused({
  name: 'logSoftmax',
  infer: likeInput('logSoftmax', ['float32']),
  composite: ([x]) => {
    const shifted = sub(x, max(x, { axis: -1, keepdim: true }).detach());
    return sub(shifted, logSumExp(shifted, { axis: -1, keepdim: true }));
  },
  saves: ['y'],
  samples,
});

/** eˣ / Σ eˣ along an axis. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return overLast('softmax', x, axis, (t) => softmaxOp([t], {}));
}

/** log(eˣ / Σ eˣ) along an axis. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return overLast('logSoftmax', x, axis, (t) => logSoftmaxOp([t], {}));
}

function overLast(op: string, x: Tensor, axis: number, f: (t: Tensor) => Tensor): Tensor {
  requireDType(op, 'x', x, 'float32');
  const at = normalAxis(op, axis, x.rank);
  return at === x.rank - 1 ? f(x) : transpose(f(transpose(x, at, -1)), at, -1);
}
