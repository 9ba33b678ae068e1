// What the public types promise.
import { expectTypeOf, test } from 'vitest';
import { add, arange, cast, concat, crossEntropy, type Tensor, tensor, where } from '../src/index';
import { Linear } from '../src/nn/index';

test('dtypes follow the data', () => {
  expectTypeOf(tensor([1, 2])).toEqualTypeOf<Tensor>();
  expectTypeOf(tensor(new Int32Array(2))).toEqualTypeOf<Tensor<'int32'>>();
  expectTypeOf(arange(0, 3)).toEqualTypeOf<Tensor<'int32'>>();
  expectTypeOf(tensor([true], { dtype: 'bool' })).toEqualTypeOf<Tensor<'bool'>>();
});

test('ops keep or change the dtype', () => {
  const x = tensor([1, 2]);
  const ids = arange(0, 2);
  expectTypeOf(add(ids, 1)).toEqualTypeOf<Tensor<'int32'>>();
  expectTypeOf(x.less(0)).toEqualTypeOf<Tensor<'bool'>>();
  expectTypeOf(x.argmax()).toEqualTypeOf<Tensor<'int32'>>();
  expectTypeOf(cast(x, 'int32')).toEqualTypeOf<Tensor<'int32'>>();
  expectTypeOf(concat([ids, ids])).toEqualTypeOf<Tensor<'int32'>>();
  expectTypeOf(where(x.less(0), 0, x)).toEqualTypeOf<Tensor>();
});

test('reading gives the host array of the dtype', () => {
  expectTypeOf(tensor([1]).data()).toEqualTypeOf<Promise<Float32Array>>();
  expectTypeOf(arange(0, 2).data()).toEqualTypeOf<Promise<Int32Array>>();
});

test('a loss takes plain labels', () => {
  expectTypeOf(crossEntropy(tensor([[1, 2]]), [0])).toEqualTypeOf<Tensor>();
});

test('call has the signature of forward', () => {
  const layer = new Linear({ inputs: 2, outputs: 2 });
  expectTypeOf(layer.call(tensor([1, 2]))).toEqualTypeOf<Tensor>();
});
