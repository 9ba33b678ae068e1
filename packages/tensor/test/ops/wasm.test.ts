// The wasm backend against the reference, for every variant that this runtime can run.
import { expect } from 'vitest';
import { createWasm } from '../../src/backends/wasm/index';
import { describeParity } from '../support/parity';

describeParity('wasm, plain SIMD, one thread', () => createWasm({ simd: 'plain', threads: 1, blas: 'off' }), {
  proof: (backend) => expect(backend.info()).toMatchObject({ backend: 'wasm', simd: 'plain', threads: 1 }),
});

describeParity('wasm, best SIMD, two threads', () => createWasm({ threads: 2, blas: 'off' }), {
  proof: (backend) => expect(backend.info()).toMatchObject({ backend: 'wasm', threads: 2 }),
});
