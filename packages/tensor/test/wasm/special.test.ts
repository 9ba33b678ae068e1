// NaN, infinities and the least float on the wasm backend, against the reference.
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Backend } from '../../src/backends/backend';
import { Engine } from '../../src/backends/wasm/engine/engine';
import { createWasm } from '../../src/backends/wasm/index';
import { expectSpecial } from '../support/expect-special';
import { specials } from '../support/special';
import { levels } from './against-reference';

const probe = await Engine.create({ threads: 1 });
const variants = [
  ...levels.map((simd) => ({ name: simd, simd, blas: 'off' })),
  ...(probe.hasBlas ? [{ name: 'with a BLAS', simd: 'auto', blas: 'auto' } as const] : []),
];

describe.each(variants)('special numbers, $name', ({ simd, blas }) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createWasm({ simd, blas, threads: 1 });
  });
  afterAll(() => backend.dispose());

  it.each(Object.keys(specials))('%s', (name) => expectSpecial(backend, name));
});
