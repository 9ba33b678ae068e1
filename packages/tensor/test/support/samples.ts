// Turns an op's samples into tensors. Values come from a seeded generator, so every run sees the same.
import type { SampleInput } from '../../src/define';
import { upload } from '../../src/ops/create';
import { contiguous, expand, permute, slice } from '../../src/ops/views';
import { Generator } from '../../src/random';
import { sizeOf } from '../../src/shape';
import type { AnyTensor } from '../../src/tensor';

/** Host values for a sample's input. */
export function values(input: SampleInput, seed: number): Float32Array | Int32Array {
  const size = sizeOf(input.shape);
  const [low, high] = input.range;
  const generator = new Generator(seed);
  if (input.dtype !== 'float32')
    return Int32Array.from(generator.uniform(size), (x) => low + Math.floor(x * (high - low)));
  if (input.apart === undefined) return Float32Array.from(generator.uniform(size), (x) => low + x * (high - low));
  // A random order of evenly spaced values, off the round numbers where functions have kinks and off other inputs'.
  const gap = (high - low) / Math.max(size, 1);
  if (gap < input.apart) throw new Error(`range too small for ${size} values ${input.apart} apart`);
  return Float32Array.from(generator.permutation(size), (rank) => low + (rank + 0.17 + 0.13 * seed) * gap);
}

/** A sample's input as a tensor of its own. */
export function dense(sample: SampleInput, seed: number): AnyTensor {
  return upload(values(sample, seed), sample.shape, sample.dtype, 'sample');
}

/** The same values with the axes stored in reverse: strides that no kernel may take for granted. */
export function strided(sample: SampleInput, seed: number): AnyTensor {
  const reversed = sample.shape.map((_, i) => sample.shape.length - 1 - i);
  return permute(contiguous(permute(dense(sample, seed), reversed), { copy: true }), reversed);
}

/** The first entry of the last axis but one, stretched over that axis: a stride of zero where kernels look for rows. */
export function repeatedRows(sample: SampleInput, seed: number): AnyTensor {
  return repeated(sample, seed, sample.shape.length - 2);
}

/** The same along the last axis. */
export function repeatedColumns(sample: SampleInput, seed: number): AnyTensor {
  return repeated(sample, seed, sample.shape.length - 1);
}

function repeated(sample: SampleInput, seed: number, axis: number): AnyTensor {
  const whole = dense(sample, seed);
  if (axis < 0 || sample.shape[axis] < 2) return whole;
  return expand(
    slice(
      whole,
      sample.shape.map((_, i) => (i === axis ? [0, 1] : null)),
    ),
    sample.shape,
  );
}
