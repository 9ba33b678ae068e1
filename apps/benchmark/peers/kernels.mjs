// One process of the kernels suite: the kernels of the library that --system names, each by itself.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { report, timed } from './shared.mjs';

const { values: given } = parseArgs({
  options: {
    system: { type: 'string', default: 'heddle' },
    threads: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '0.3' },
    blas: { type: 'string', default: 'off' },
    load: { type: 'string', default: 'all' },
    modes: { type: 'string', default: 'kernel' },
  },
});
const seconds = Number(given.seconds);
const quick = given.load === 'quick';
const SIZES = quick ? [128, 512] : [64, 128, 256, 512, 1024, 2048];
const LENGTHS = quick ? [128, 512] : [128, 512, 2048, 8192];
const product = (n) => ({ flops: 2 * n ** 3 });
const HEADS = 8;
const HEAD_DIM = 64;
const attention = (T, gradient = false) => ({ flops: (gradient ? 14 : 4) * HEADS * T * T * HEAD_DIM });
const CALLS = 1000;
const require = createRequire(import.meta.url);
const wave = (n, step = 1) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * step));

/** Measures `run`, which returns a few numbers that must agree between systems once asked for them. */
async function kernel(name, run, check = async () => [], work = {}) {
  report(name, 'kernel', await timed(run, seconds), await check(), work);
}

const systems = {
  async heddle() {
    const h = await import('@heddle/tensor');
    const { AdamW } = await import('@heddle/tensor/optim');
    const { Parameter } = await import('@heddle/tensor/nn');
    await h.init({ threads: Number(given.threads), blas: given.blas });
    const { simd, threads, blas } = h.backendInfo();
    console.log(JSON.stringify({ ran: { node: process.version, simd, threads, blas } }));
    const make = (shape, step) =>
      h.keep(
        h.tensor(
          wave(
            shape.reduce((a, b) => a * b),
            step,
          ),
          { shape },
        ),
      );
    const forward = (f) => h.noGrad(() => f().dispose());
    const head = async (f) => {
      const y = h.noGrad(f);
      const list = Array.from((await y.data()).subarray(0, 3));
      y.dispose();
      return list;
    };
    const both = (inputs, f) => () => {
      const leaves = inputs.map((x) => x.detach().requireGrad());
      const y = f(...leaves);
      const loss = y.sum();
      loss.backward();
      for (const t of [loss, y, ...leaves]) {
        t.grad?.dispose();
        t.dispose();
      }
    };
    for (const n of SIZES) {
      const [a, b] = [make([n, n]), make([n, n], 0.7)];
      await kernel(
        `matmul ${n}`,
        () => forward(() => a.matmul(b)),
        () => head(() => a.matmul(b)),
        product(n),
      );
    }
    for (const T of LENGTHS) {
      const q = make([1, HEADS, T, HEAD_DIM], 0.3);
      const attend = (x) => h.scaledDotProductAttention(x, x, x, { causal: false });
      await kernel(
        `attention ${T}`,
        () => forward(() => attend(q)),
        () => head(() => attend(q)),
        attention(T),
      );
      await kernel(`attention ${T} with gradient`, both([q], attend), undefined, attention(T, true));
    }
    const words = h.keep(
      h.tensor(
        Int32Array.from({ length: 1024 * 256 }, (_, i) => Math.imul(i, 0x9e3779b1)),
        { shape: [1024, 256] },
      ),
    );
    const [floats, scales] = [make([1024, 1024], 0.7), make([1024])];
    for (const M of [1, 256]) {
      const rows = make([M, 1024], 0.3);
      const work = { flops: 2 * M * 1024 * 1024 };
      await kernel(`linear ${M}×1024×1024`, () => forward(() => h.linear(rows, floats)), undefined, work);
      const int8 = () => forward(() => h.linearInt8(rows, words, scales));
      await kernel(`linear ${M}×1024×1024, int8 weights`, int8, undefined, work);
    }
    const x = make([4096, 512], 0.3);
    const [w, b] = [make([512]), make([512])];
    const norm = (t) => h.layerNorm(t, { weight: w, bias: b });
    await kernel(
      'layerNorm 4096×512',
      () => forward(() => norm(x)),
      () => head(() => norm(x)),
    );
    await kernel('layerNorm 4096×512 with gradient', both([x], norm));
    await kernel(
      'softmax 4096×512',
      () => forward(() => h.softmax(x)),
      () => head(() => h.softmax(x)),
    );
    await kernel(
      'gelu 4096×512',
      () => forward(() => h.gelu(x)),
      () => head(() => h.gelu(x)),
    );
    const logits = make([1024, 8192], 0.3);
    const classes = h.keep(h.tensor(Int32Array.from({ length: 1024 }, (_, i) => (i * 7) % 8192)));
    const cost = (t) => h.crossEntropy(t, classes);
    await kernel(
      'crossEntropy 1024×8192',
      () => forward(() => cost(logits)),
      () => head(() => cost(logits).reshape([1])),
    );
    await kernel('crossEntropy 1024×8192 with gradient', both([logits], cost));
    const table = make([8192, 256]);
    const ids = h.keep(h.tensor(Int32Array.from({ length: 8192 }, (_, i) => (i * 31) % 8192)));
    await kernel(
      'embedding 8192×256',
      () => forward(() => h.embedding(table, ids)),
      () => head(() => h.embedding(table, ids)),
    );
    await kernel(
      'embedding 8192×256 with gradient',
      both([table], (t) => h.embedding(t, ids)),
    );
    const [row, map, bias] = [make([1, 64]), make([64, 64]), make([64])];
    const [calls, mapped] = [Array(CALLS).fill(0), map.detach().requireGrad()];
    await kernel(`linear [1, 64], ${CALLS} calls`, () => {
      h.noGrad(() => {
        for (const _ of calls) h.linear(row, map, { bias }).dispose();
      });
    });
    await kernel(`linear [1, 64], ${CALLS} calls recorded`, () => {
      for (const _ of calls) h.linear(row, mapped, { bias }).dispose();
    });
    const p = new Parameter(make([4_000_000]));
    const optimizer = new AdamW([p], { lr: 1e-3 });
    const g = make([4_000_000], 0.1);
    const update = () => {
      p.grad = g.detach();
      optimizer.step();
    };
    // Reads parameter, gradient and two moments, writes all but the gradient.
    await kernel('AdamW 4M', update, undefined, { bytes: 7 * 16e6 });
    const [from, to] = [new Float32Array(4_000_000), new Float32Array(4_000_000)];
    await kernel('memcpy 4M', () => to.set(from), undefined, { bytes: 2 * 16e6 });
  },
  async tfjs() {
    const tf = require('@tensorflow/tfjs');
    const wasm = require('@tensorflow/tfjs-backend-wasm');
    wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
    await tf.setBackend('wasm');
    for (const n of SIZES) {
      const [a, b] = [tf.tensor(wave(n * n), [n, n]), tf.tensor(wave(n * n, 0.7), [n, n])];
      const head = async () => Array.from(tf.tidy(() => tf.matMul(a, b).dataSync()).subarray(0, 3));
      await kernel(`matmul ${n}`, () => tf.matMul(a, b).dispose(), head, product(n));
    }
    const x = tf.tensor(wave(4096 * 512, 0.3), [4096, 512]);
    const head = (f) => async () => Array.from(tf.tidy(() => f().dataSync()).subarray(0, 3));
    await kernel(
      'softmax 4096×512',
      () => tf.softmax(x).dispose(),
      head(() => tf.softmax(x)),
    );
  },
  async jax() {
    const jax = await import('@jax-js/jax');
    const { numpy: np, jit } = jax;
    await jax.init('wasm');
    jax.defaultDevice('wasm');
    for (const n of SIZES) {
      const [a, b] = [np.array(wave(n * n), { shape: [n, n] }), np.array(wave(n * n, 0.7), { shape: [n, n] })];
      const multiply = jit((x, y) => np.matmul(x, y));
      const once = async () => {
        const c = multiply(a.ref, b.ref);
        await c.blockUntilReady();
        return c;
      };
      const head = async () => Array.from((await (await once()).data()).subarray(0, 3));
      await kernel(`matmul ${n}`, async () => (await once()).dispose(), head, product(n));
    }
  },
};
await systems[given.system]();
process.exit(0);
