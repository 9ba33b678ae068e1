// The gpu backend on Dawn in Node, against the reference: pure gpu.js, then with our own kernels.
import { describe, expect } from 'vitest';
import { createGpu } from '../../src/backends/gpu/index';
import { describeParity } from '../support/parity';
import { missing, onHardware } from './dawn';

describe.skipIf(missing !== null)('dawn', () => {
  for (const kernels of ['portable', 'auto'] as const) {
    describeParity(`gpu, webgpu, ${kernels} kernels`, () => createGpu({ mode: 'webgpu', kernels }), {
      proof: (backend) =>
        expect(backend.info()).toMatchObject({
          backend: 'gpu',
          gpu: { mode: 'webgpu', kernels, gpujs: '2.24.1', software: !onHardware, viaHost: [] },
        }),
    });
  }
});
