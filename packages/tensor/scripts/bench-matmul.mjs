// GFLOP/s of matrix products, square and in the shapes of a training step, for each variant that this Node runs.
// Usage: node scripts/bench-matmul.mjs [--variants plain1,plain2,relaxed1,relaxed2,blas1,blas2] [--seconds 0.3]
// Compare figures of one run only: machines differ by a factor of three, and this one may be busy.
import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({
  options: {
    variants: { type: 'string', default: 'plain1,plain2,relaxed1,relaxed2,blas1,blas2' },
    seconds: { type: 'string', default: '0.3' },
  },
});
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const engine = join(root, 'src/backends/wasm/engine');
const outdir = join(root, 'build/bench');
mkdirSync(outdir, { recursive: true });
await build({
  entryPoints: [join(engine, 'engine.ts'), join(engine, 'gemm.ts')],
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  outdir,
  logLevel: 'error',
});
const { Engine } = await import(pathToFileURL(join(outdir, 'engine.js')));
const { gemm } = await import(pathToFileURL(join(outdir, 'gemm.js')));

// M, N, K, and how A and B lie: by rows (r) or by columns (c).
const SHAPES = [
  ...[64, 128, 256, 512, 1024].map((n) => [n, n, n, 'r', 'r']),
  [2048, 192, 64, 'r', 'c'], // tiny: queries, keys and values
  [4096, 512, 128, 'r', 'c'], // small: feed-forward, forward pass
  [4096, 128, 512, 'r', 'r'], // … gradient of its input
  [512, 128, 4096, 'c', 'r'], // … gradient of its weight
  [1, 512, 512, 'r', 'c'], // one token
];

function place(engine, rows, columns, layout) {
  const address = engine.alloc(rows * columns * 4);
  for (let i = 0; i < rows * columns; i++) engine.f32[address / 4 + i] = Math.sin(i);
  return layout === 'r' ? { address, rowStride: columns, colStride: 1 } : { address, rowStride: 1, colStride: rows };
}

function gigaflops(engine, [M, N, K, layoutA, layoutB]) {
  const a = place(engine, M, K, layoutA);
  const b = place(engine, K, N, layoutB);
  const c = engine.alloc(M * N * 4);
  const batch = Math.max(1, Math.round(1e7 / (M * N * K)));
  const times = [];
  const end = performance.now() + Number(values.seconds) * 1000;
  for (let i = 0; times.length < 5 || performance.now() < end; i++) {
    const start = performance.now();
    for (let n = 0; n < batch; n++) gemm(engine, { M, N, K, a, b, c });
    if (i > 1) times.push((performance.now() - start) / batch);
  }
  for (const address of [a.address, b.address, c]) engine.free(address);
  times.sort((x, y) => x - y);
  return ((2 * M * N * K) / times[times.length >> 1] / 1e6).toFixed(1);
}

console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0].model}; GFLOP/s, medians`);
console.log(['variant ', ...SHAPES.map((shape) => shape.slice(0, 3).join('×'))].join(' | '));
for (const variant of values.variants.split(',')) {
  const [, kind, threads] = /^(plain|relaxed|blas)(\d+)$/.exec(variant);
  const simd = kind === 'blas' ? 'auto' : kind;
  let engine;
  try {
    engine = await Engine.create({ simd, threads: Number(threads), blas: kind === 'blas' ? 'auto' : 'off' });
  } catch (error) {
    console.log(`${variant}: ${error.message}`);
    continue;
  }
  if (kind === 'blas') console.log(`blas: ${engine.info.blas}`);
  if (kind === 'blas' && !engine.hasBlas) continue;
  const row = SHAPES.map((shape) => gigaflops(engine, shape));
  const start = performance.now();
  for (let i = 0; i < 1e6; i++) engine.launch('noop', 1);
  console.log([variant.padEnd(8), ...row].join(' | '), `| launch ${(performance.now() - start).toFixed(0)} ns`);
  await engine.dispose();
}
