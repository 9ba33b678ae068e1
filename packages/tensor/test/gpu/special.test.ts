// NaN, infinities and the least float on the gpu backend, against the reference.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { createGpu } from '../../src/backends/gpu/index';
import { crossEntropy, tensor } from '../../src/index';
import { on } from '../support/backends';
import { expectSpecial } from '../support/expect-special';
import { specials } from '../support/special';
import { missing } from './dawn';

describe.skipIf(missing !== null).each(['portable', 'auto'] as const)('special numbers, %s kernels', (kernels) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createGpu({ mode: 'webgpu', kernels });
  });
  afterAll(() => backend.dispose());

  it.each(Object.keys(specials))('%s', (name) => expectSpecial(backend, name));

  it('gives NaN for a class that only the device knows to be none', async () => {
    await on(backend, async () => {
      const ids = tensor<'int32'>([0, 1, 2], { dtype: 'int32' }).mul(2);
      const logits = tensor([
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3],
      ]);
      const losses = crossEntropy(logits, ids, { reduction: 'none' });
      const [first, , last] = await losses.data();
      expect(first).toBeGreaterThan(0);
      expect(last).toBeNaN();
      for (const t of [ids, logits, losses]) t.dispose();
    });
  });
});
