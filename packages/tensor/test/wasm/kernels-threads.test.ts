// Kernels cut their work by shapes alone: the same bytes on 1, 2 and 4 threads, forward and backward.
import { expect, test } from 'vitest';
import { floats, ints, type SampleInput } from '../../src/define';
import { gelu } from '../../src/fused/activations';
import { scaledDotProductAttention } from '../../src/fused/attention';
import { crossEntropy } from '../../src/fused/cross-entropy';
import { dropout } from '../../src/fused/dropout';
import { embedding } from '../../src/fused/embedding';
import { layerNorm } from '../../src/fused/norm';
import { softmax } from '../../src/fused/softmax';
import { sum } from '../../src/ops/reduce';
import { permute } from '../../src/ops/views';
import { Generator } from '../../src/random';
import type { Tensor } from '../../src/tensor';
import { on } from '../support/backends';
import { evaluate, levels, wasm } from './against-reference';

type Row = readonly [name: string, inputs: readonly SampleInput[], f: (...x: Tensor[]) => Tensor];

const heads = floats([2, 4, 300, 24]);
const rows: readonly Row[] = [
  ['elementwise', [floats([301, 1009]), floats([1009])], (a, b) => a.mul(b).exp()],
  ['sums', [floats([3000, 301])], (a) => sum(a, { axis: 0 }).mul(sum(a))],
  ['transpose', [floats([700, 801])], (a) => permute(a, [1, 0]).mul(2)],
  ['softmax', [floats([999, 501])], (a) => softmax(a)],
  [
    'layerNorm',
    [floats([1500, 301]), floats([301]), floats([301])],
    (x, weight, bias) => layerNorm(x, { weight, bias }),
  ],
  ['gelu and dropout', [floats([777, 555])], (x) => dropout(gelu(x), 0.2, { generator: new Generator(5) })],
  ['embedding', [floats([2000, 65]), ints([5000], [0, 2000])], (w, i) => embedding(w, i)],
  [
    'crossEntropy',
    [floats([700, 999]), ints([700], [0, 999])],
    (x, i) => crossEntropy(x, i as unknown as Tensor<'int32'>, { labelSmoothing: 0.1 }),
  ],
  [
    'attention',
    [heads, heads, heads],
    (q, k, v) => scaledDotProductAttention(q, k, v, { causal: true, dropout: 0.1, generator: new Generator(9) }),
  ],
];

test.each(levels)('%s SIMD', async (simd) => {
  const expected: Buffer[][] = [];
  for (const threads of [1, 2, 4]) {
    const backend = await wasm(simd, threads);
    for (const [i, [name, inputs, f]] of rows.entries()) {
      const results = await on(backend, () => evaluate(inputs, f));
      const bytes = results.map((x) => Buffer.from(Float32Array.from(x).buffer));
      if (threads === 1) expected.push(bytes);
      for (const [k, b] of bytes.entries()) {
        expect(b.equals(expected[i][k]), `${name}, ${threads} threads, result ${k}`).toBe(true);
      }
    }
    expect(backend.info().threads).toBe(threads);
    await backend.dispose();
  }
});
