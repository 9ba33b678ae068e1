// Heddle's kernels for the page of the kernels suite. Every library's file gives the same: `kernels` by name, each with
// `run` (starts it), `read` and `free`; `done`, which waits for the device; what it ran on.
import { gelu, init, keep, layerNorm, noGrad, scaledDotProductAttention, scope, softmax, tensor } from '@heddle/tensor';

export async function heddle({ gpu: mode, kernels: kind }, wave) {
  const { gpu, notes } = await init({ backend: 'gpu', gpu: { mode, kernels: kind } });
  const make = (shape, step) =>
    keep(
      tensor(
        wave(
          shape.reduce((a, b) => a * b, 1),
          step,
        ),
        { shape },
      ),
    );
  const probe = make([1]);
  const made = (f) => ({
    run() {
      const y = noGrad(() => scope(f));
      // Elementwise ops wait for whoever needs them: here they start at once.
      void y.storage.buffer.resource;
      return y;
    },
    read: (y) => y.data(),
    free: (y) => y.dispose(),
  });
  return {
    ran: { gpu, notes },
    software: gpu.software,
    done: () => noGrad(() => scope(() => probe.mul(2))).data(),
    kernels: {
      matmul(n) {
        const [a, b] = [make([n, n]), make([n, n], 0.7)];
        return made(() => a.matmul(b));
      },
      gelu(rows, width) {
        const x = make([rows, width], 0.3);
        return made(() => gelu(x, { approximate: 'tanh' }));
      },
      softmax(rows, width) {
        const x = make([rows, width], 0.3);
        return made(() => softmax(x));
      },
      layerNorm(rows, width) {
        const [x, weight, bias] = [make([rows, width], 0.3), make([width]), make([width])];
        return made(() => layerNorm(x, { weight, bias }));
      },
      attention(T) {
        const q = make([1, 8, T, 64], 0.3);
        return made(() => scaledDotProductAttention(q, q, q));
      },
      pairs() {
        const x = make([1024, 2]);
        return made(() => x.sum({ axis: 1 }));
      },
    },
  };
}
