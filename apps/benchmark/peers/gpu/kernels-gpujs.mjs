// gpu.js by itself: kernels as its documentation writes them, with results that stay on the device.
import { GPU, input } from 'gpu.js';

export async function gpujs({ gpu: mode }, wave) {
  const gpu = new GPU({ mode });
  const create = (source, output, constants = {}) =>
    gpu.createKernel(source, {
      output,
      constants,
      pipeline: true,
      immutable: true,
      precision: 'single',
      tactic: 'precision',
      loopMaxIterations: 10_000,
    });
  const resident = (data, size) =>
    create('function(x) { return x[this.thread.y][this.thread.x]; }', size)(input(data, size));
  const matrix = (rows, width, step) => resident(wave(rows * width, step), [width, rows]);
  const numbers = async (y) => {
    const rows = await (await y).toArray();
    return Float32Array.from(typeof rows[0] === 'number' ? rows : rows.flatMap((row) => Array.from(row)));
  };
  const free = (y) => {
    if (y instanceof Promise) void y.then((result) => result.delete());
    else y.delete();
  };
  const probe = create('function() { return 1; }', [1]);
  // The first call of a kernel on webgpu compiles while it runs: calls behind it need its result.
  const ready = async (kernel, args) => {
    free(await kernel(...args));
    return (...given) => kernel(...given);
  };
  const single = async (kernel, args) => {
    const call = await ready(kernel, args);
    return { run: () => call(...args), read: numbers, free };
  };
  return {
    ran: { gpujs: '2.24.1', mode },
    // It doesn't say what it runs on; whatever Heddle finds in this browser is what it has.
    software: null,
    async done() {
      const y = await probe();
      await y.toArray();
      y.delete();
    },
    kernels: {
      async matmul(n) {
        const [a, b] = [await matrix(n, n), await matrix(n, n, 0.7)];
        const source = `function(a, b) {
          let sum = 0;
          for (let k = 0; k < this.constants.n; k++) { sum += a[this.thread.y][k] * b[k][this.thread.x]; }
          return sum;
        }`;
        return single(create(source, [n, n], { n }), [a, b]);
      },
      async gelu(rows, width) {
        const source = `function(x) {
          const v = x[this.thread.y][this.thread.x];
          const z = 0.7978845608028654 * (v + 0.044715 * v * v * v);
          return 0.5 * v * (1 + Math.tanh(Math.max(-15, Math.min(15, z))));
        }`;
        return single(create(source, [width, rows]), [await matrix(rows, width, 0.3)]);
      },
      async pairs() {
        const source =
          'function(x) { let sum = 0; for (let k = 0; k < 2; k++) { sum += x[this.thread.x][k]; } return sum; }';
        return single(create(source, [1024]), [await matrix(1024, 2)]);
      },
    },
  };
}
