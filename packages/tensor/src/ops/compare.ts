// Comparison and logic. Results are bool and carry no gradient.
import { bools, floats, ints, type None, type Op, type Sample } from '../define';
import { defineOp } from '../op';
import type { AnyTensor, Tensor, TensorLike } from '../tensor';
import { binary, scalarLike } from './broadcast';
import { likeBoth, likeInput } from './rules';

const comparisons = (): Sample<None>[] => [
  { inputs: [floats([9], [-1, 1], 1e-3), floats([9], [-1, 1], 1e-3)], attrs: {} },
  { inputs: [ints([4, 5], [0, 3]), ints([4, 5], [0, 3])], attrs: {} },
  { inputs: [ints([0, 5], [0, 3]), ints([0, 5], [0, 3])], attrs: {} },
];

function comparison(name: string): Op<2, None, 'bool'> {
  return defineOp({
    name,
    arity: 2,
    infer: likeBoth(name, ['float32', 'int32', 'bool'], 'bool'),
    backward: null,
    saves: [],
    samples: comparisons,
  });
}

function logic(name: string): Op<2, None, 'bool'> {
  const samples = (): Sample<None>[] => [{ inputs: [bools([11]), bools([11])], attrs: {} }];
  return defineOp({ name, arity: 2, infer: likeBoth(name, ['bool']), backward: null, saves: [], samples });
}

export const equalOp: Op<2, None, 'bool'> = comparison('equal');
export const lessOp: Op<2, None, 'bool'> = comparison('less');
export const lessEqualOp: Op<2, None, 'bool'> = comparison('lessEqual');
export const logicalAndOp: Op<2, None, 'bool'> = logic('logicalAnd');
export const logicalOrOp: Op<2, None, 'bool'> = logic('logicalOr');

/** True where x is false. */
export const logicalNot: Op<1, None, 'bool'> = defineOp({
  name: 'logicalNot',
  arity: 1,
  infer: likeInput('logicalNot', ['bool']),
  backward: null,
  saves: [],
  samples: () => [{ inputs: [bools([3, 4])], attrs: {} }],
});

const tensorLike = (op: string, like: AnyTensor, x: TensorLike): AnyTensor =>
  typeof x === 'number' ? scalarLike(op, like, x) : x;

/** True where a = b. */
export const equal = (a: AnyTensor, b: TensorLike): Tensor<'bool'> => binary(equalOp.definition, a, b);
/** True where a ≠ b. */
export const notEqual = (a: AnyTensor, b: TensorLike): Tensor<'bool'> => logicalNot(equal(a, b));
/** True where a < b. */
export const less = (a: AnyTensor, b: TensorLike): Tensor<'bool'> => binary(lessOp.definition, a, b);
/** True where a ≤ b. */
export const lessEqual = (a: AnyTensor, b: TensorLike): Tensor<'bool'> => binary(lessEqualOp.definition, a, b);
/** True where a > b. */
export const greater = (a: AnyTensor, b: TensorLike): Tensor<'bool'> =>
  binary(lessOp.definition, tensorLike('greater', a, b), a);
/** True where a ≥ b. */
export const greaterEqual = (a: AnyTensor, b: TensorLike): Tensor<'bool'> =>
  binary(lessEqualOp.definition, tensorLike('greaterEqual', a, b), a);
/** True where both are. */
export const logicalAnd = (a: AnyTensor, b: AnyTensor): Tensor<'bool'> => binary(logicalAndOp.definition, a, b);
/** True where either is. */
export const logicalOr = (a: AnyTensor, b: AnyTensor): Tensor<'bool'> => binary(logicalOrOp.definition, a, b);
