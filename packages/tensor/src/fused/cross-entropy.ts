// Cross-entropy of logits against class indices. The kernels keep a number or two a row, never a second [rows × classes].
import { type FusedOp, floats, ints } from '../define';
import { ArgumentError, ShapeError } from '../errors';
import { inWords, isTensor, scope } from '../lifetime';
import { defineFused } from '../op';
import { add, cast, div, mul, neg } from '../ops/arithmetic';
import { notEqual } from '../ops/compare';
import { tensor } from '../ops/create';
import { gather, take } from '../ops/indexing';
import { sum } from '../ops/reduce';
import { requireDType, requireOptions } from '../ops/rules';
import { reshape, squeeze, unsqueeze } from '../ops/views';
import { where } from '../ops/where';
import { type Shape, sameShape, show, sizeOf } from '../shape';
import type { AnyTensor, Tensor } from '../tensor';
import { logSoftmax } from './softmax';

/** How losses of rows become one number. */
export type Reduction = 'mean' | 'sum' | 'none';

/** Throws where a reduction is none of the three. */
export function requireReduction(op: string, reduction: Reduction): void {
  if (reduction !== 'mean' && reduction !== 'sum' && reduction !== 'none')
    throw new ArgumentError(op, 'reduction', "'mean', 'sum' or 'none'", String(reduction));
}

export interface CrossEntropyAttrs {
  readonly ignoreIndex: number;
  readonly labelSmoothing: number;
  readonly reduction: Reduction;
}

export const crossEntropyOp: FusedOp<CrossEntropyAttrs> = defineFused({
  name: 'crossEntropy',
  infer: ([logits, targets, weight], { reduction }) => {
    requireDType('crossEntropy', 'logits', logits, 'float32');
    requireDType('crossEntropy', 'targets', targets, 'int32');
    if (logits.rank !== 2) throw new ShapeError('crossEntropy', 'logits', '[rows, classes]', show(logits.shape));
    const [rows, classes] = logits.shape;
    if (targets.rank !== 1 || targets.size !== rows)
      throw new ShapeError('crossEntropy', 'targets', show([rows]), show(targets.shape));
    if (weight !== undefined) requireDType('crossEntropy', 'weight', weight, 'float32');
    if (weight !== undefined && (weight.rank !== 1 || weight.size !== classes)) {
      throw new ShapeError('crossEntropy', 'weight', show([classes]), show(weight.shape));
    }
    return { shape: reduction === 'none' ? [rows] : [], dtype: 'float32' };
  },
  composite: ([logits, ids, weight], attrs) => {
    const { ignoreIndex, labelSmoothing: smoothing, reduction } = attrs;
    const classes = logits.shape[1];
    const targets = cast(ids, 'int32');
    const counted = notEqual(targets, ignoreIndex);
    const safe = where(counted, targets, 0);
    const logP = logSoftmax(logits);
    const own = weight === undefined ? cast(counted, 'float32') : where(counted, take(weight, safe), 0);
    const hit = squeeze(gather(logP, 1, unsqueeze(safe, 1)), 1);
    let losses = mul(neg(mul(hit, own)), 1 - smoothing);
    if (smoothing > 0) {
      const all = sum(weight === undefined ? logP : mul(logP, weight), { axis: 1 });
      losses = add(losses, mul(all, -smoothing / classes));
    }
    // Last, so that neither a loss without bounds nor a mean over nothing gets through from rows that don't count.
    losses = where(counted, losses, 0);
    if (reduction === 'none') return losses;
    return reduction === 'sum' ? sum(losses) : div(sum(losses), sum(own));
  },
  saves: [0, 1, 2],
  samples: () => [
    {
      inputs: [floats([6, 5], [-3, 3]), ints([6], [0, 5])],
      attrs: { ignoreIndex: -100, labelSmoothing: 0, reduction: 'mean' },
    },
    {
      inputs: [floats([7, 9], [-3, 3]), ints([7], [0, 4])],
      attrs: { ignoreIndex: 2, labelSmoothing: 0.1, reduction: 'mean' },
    },
    {
      inputs: [floats([4, 33], [-3, 3]), ints([4], [0, 33]), floats([33], [0.5, 2])],
      attrs: { ignoreIndex: -100, labelSmoothing: 0.2, reduction: 'mean' },
    },
    {
      inputs: [floats([4, 3], [-3, 3]), ints([4], [0, 3])],
      attrs: { ignoreIndex: 1, labelSmoothing: 0, reduction: 'none' },
    },
    {
      inputs: [floats([5, 4], [-3, 3]), ints([5], [0, 4]), floats([4], [0.5, 2])],
      attrs: { ignoreIndex: 0, labelSmoothing: 0, reduction: 'sum' },
    },
  ],
});

/** Options of `crossEntropy`, as torch has them. */
export interface CrossEntropyOptions {
  /** Targets with this value don't count: -100 where nothing is said. */
  readonly ignoreIndex?: number;
  /** Share of the target spread evenly over all classes, in [0, 1]. */
  readonly labelSmoothing?: number;
  /** One weight a class. */
  readonly weight?: Tensor;
  readonly reduction?: Reduction;
}

/**
 * −log softmax(logits)[target], averaged over the targets that count: `torch.nn.functional.cross_entropy`.
 *
 * @param logits `[…, classes]`
 * @param targets class indices, `[…]`; a plain array or an `Int32Array` of all of them in order will do
 * @throws {IndexError} where a target is neither a class nor `ignoreIndex`.
 * @example
 * ```ts
 * import { crossEntropy, init, tensor } from '@heddle/tensor';
 * await init();
 * console.log(await crossEntropy(tensor([[2, 0], [0, 1]]), [0, 1]).item());
 * ```
 */
export function crossEntropy(
  logits: Tensor,
  targets: AnyTensor | Int32Array | readonly number[],
  options: CrossEntropyOptions = {},
): Tensor {
  const {
    ignoreIndex = -100,
    labelSmoothing = 0,
    weight,
    reduction = 'mean',
  } = requireOptions('crossEntropy', options);
  if (!(typeof labelSmoothing === 'number' && labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ArgumentError('crossEntropy', 'labelSmoothing', 'a share in [0, 1]', String(labelSmoothing));
  }
  requireReduction('crossEntropy', reduction);
  if (!Number.isInteger(ignoreIndex))
    throw new ArgumentError('crossEntropy', 'ignoreIndex', 'a whole number', String(ignoreIndex));
  requireDType('crossEntropy', 'logits', logits, 'float32');
  if (logits.rank === 0) throw new ShapeError('crossEntropy', 'logits', '[…, classes]', 'a scalar');
  const shape = logits.shape.slice(0, -1);
  if (!isTensor(targets)) {
    const ids = wholeTargets(targets, shape);
    return scope(() => crossEntropy(logits, tensor(ids, { shape }), options));
  }
  if (!sameShape(targets.shape, shape))
    throw new ShapeError('crossEntropy', 'targets', show(shape), show(targets.shape));
  const rows = reshape(logits, [targets.size, logits.shape[logits.rank - 1]]);
  const losses = crossEntropyOp([rows, reshape(targets, [targets.size]), ...(weight === undefined ? [] : [weight])], {
    ignoreIndex,
    labelSmoothing,
    reduction,
  });
  return reduction === 'none' ? reshape(losses, shape) : losses;
}

function wholeTargets(targets: Int32Array | readonly number[], shape: Shape): Int32Array {
  if (!Array.isArray(targets) && !(targets instanceof Int32Array))
    throw new ArgumentError('crossEntropy', 'targets', 'a tensor, an Int32Array or numbers', inWords(targets));
  if (targets.length !== sizeOf(shape))
    throw new ShapeError('crossEntropy', 'targets', `${sizeOf(shape)} of them, ${show(shape)}`, String(targets.length));
  const wrong = targets.findIndex((id) => id !== (id | 0));
  if (wrong >= 0) throw new ArgumentError('crossEntropy', 'targets', 'whole numbers', String(targets[wrong]));
  return Int32Array.from(targets);
}
