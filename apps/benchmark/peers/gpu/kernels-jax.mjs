// jax-js's kernels, each in one jit.
import * as jax from '@jax-js/jax';

const { numpy: np, nn, jit } = jax;

export async function jaxjs({ gpu: mode }, wave) {
  await jax.init(mode);
  jax.defaultDevice(mode);
  const make = (shape, step) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return np.array(wave(size, step), { shape });
  };
  const made = (f, ...inputs) => {
    const compiled = jit(f);
    return {
      run: () => compiled(...inputs.map((x) => x.ref)),
      read: (y) => y.ref.data(),
      // Nothing runs before somebody waits for it.
      free: (y) => waiting.push(y),
    };
  };
  const waiting = [];
  return {
    ran: { device: mode },
    software: null,
    async done() {
      const all = waiting.splice(0);
      await jax.blockUntilReady(all);
      for (const y of all) y.dispose();
    },
    kernels: {
      matmul: (n) => made((a, b) => np.matmul(a, b), make([n, n]), make([n, n], 0.7)),
      gelu: (rows, width) => made((x) => nn.gelu(x, { approximate: true }), make([rows, width], 0.3)),
      softmax: (rows, width) => made((x) => nn.softmax(x, -1), make([rows, width], 0.3)),
      layerNorm: (rows, width) =>
        made((x, w, b) => nn.standardize(x, -1).mul(w).add(b), make([rows, width], 0.3), make([width]), make([width])),
      attention(T) {
        const heads = make([1, 8, T, 64], 0.3).transpose([0, 2, 1, 3]); // its order is [B, T, H, D]
        return made((q) => nn.dotProductAttention(q.ref, q.ref, q), heads);
      },
      pairs: () => made((x) => x.sum(1), make([1024, 2])),
    },
  };
}
