// TensorFlow.js's kernels: its own where it has them, else as its users write them.
import { startTfjs } from './start-tfjs.mjs';

export async function tfjs({ gpu: mode }, wave) {
  const tf = await startTfjs(mode);
  const make = (shape, step) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return tf.tensor(wave(size, step), shape);
  };
  const made = (f) => ({ run: () => tf.tidy(f), read: (y) => y.data(), free: (y) => y.dispose() });
  // Less than 1,000 numbers it computes on the processor.
  const probe = make([4096]);
  return {
    ran: { tfjs: tf.version_core, backend: tf.getBackend() },
    software: null,
    async done() {
      const y = probe.mul(2);
      await y.data();
      y.dispose();
    },
    kernels: {
      matmul(n) {
        const [a, b] = [make([n, n]), make([n, n], 0.7)];
        return made(() => tf.matMul(a, b));
      },
      gelu(rows, width) {
        const x = make([rows, width], 0.3);
        const inner = () => x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
        return made(() => x.mul(0.5).mul(inner().tanh().add(1)));
      },
      softmax(rows, width) {
        const x = make([rows, width], 0.3);
        return made(() => tf.softmax(x));
      },
      layerNorm(rows, width) {
        const [x, weight, bias] = [make([rows, width], 0.3), make([width]), make([width])];
        return made(() => {
          const { mean, variance } = tf.moments(x, -1, true);
          return x.sub(mean).mul(variance.add(1e-5).rsqrt()).mul(weight).add(bias);
        });
      },
      attention(T) {
        const q = make([1, 8, T, 64], 0.3);
        return made(() => tf.matMul(tf.softmax(tf.matMul(q, q, false, true).mul(1 / 8)), q));
      },
      pairs() {
        const x = make([1024, 2]);
        return made(() => x.sum(1));
      },
    },
  };
}
