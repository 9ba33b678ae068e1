// Kernels that one call compiled and another may not use: shapes that differ in one size only, one after the other.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { createGpu } from '../../src/backends/gpu/index';
import { ones, pad, scatterAdd, scope, type Tensor, tensor, zeros } from '../../src/index';
import { on, onReference } from '../support/backends';
import { missing } from './dawn';

const programs: Record<string, readonly (() => Tensor)[]> = {
  'pad, with nothing after and then with something': [0, 2].map(
    (after) => () => pad(ones([3, 2]), [1, 1], [after, 0], 5),
  ),
  'scatterAdd, onto as many columns and then onto more': [2, 4].map((columns) => () => {
    const index = tensor<'int32'>(
      [
        [0, 1],
        [1, 1],
      ],
      { dtype: 'int32' },
    );
    return scatterAdd(zeros([3, columns]), 0, index, ones([2, 2]).mul(7));
  }),
};

describe.skipIf(missing !== null).each(['portable', 'auto'] as const)('kernels by key, %s kernels', (kernels) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createGpu({ mode: 'webgpu', kernels });
  });
  afterAll(() => backend.dispose());

  it.each(Object.keys(programs))('%s', async (name) => {
    const run = (program: () => Tensor) => scope(program).data();
    for (const program of programs[name]) {
      const expected = await onReference(() => run(program));
      expect([...(await on(backend, () => run(program)))]).toEqual([...expected]);
    }
  });
});
