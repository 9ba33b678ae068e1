// What a browser downloads to train with Heddle and with its peers: `node tools/peers/sizes.mjs`.
// Installs pinned peers with npm into a temporary folder, bundles each with esbuild, and prints the
// gzipped sizes. Ours counts the packages as they are built, with the default backend and its larger
// variant of kernels; the other backends are separate files that such a program never asks for.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '../..');
const { build } = createRequire(join(root, 'tools/workspace-tests/package.json'))('esbuild');

const peers = [
  {
    name: 'jax-js',
    packages: ['@jax-js/jax@0.1.25'],
    program: "import * as jax from '@jax-js/jax'; console.log(jax)",
  },
  {
    name: 'TensorFlow.js, wasm backend',
    packages: ['@tensorflow/tfjs@4.22.0', '@tensorflow/tfjs-backend-wasm@4.22.0'],
    program: "import * as tf from '@tensorflow/tfjs'; import '@tensorflow/tfjs-backend-wasm'; console.log(tf)",
    binaries: ['@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm'],
  },
  {
    name: 'ONNX Runtime Web, wasm (inference only)',
    packages: ['onnxruntime-web@1.30.0'],
    program: "import * as ort from 'onnxruntime-web/wasm'; console.log(ort)",
    binaries: ['onnxruntime-web/dist/ort-wasm-simd-threaded.wasm'],
  },
];

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).byteLength;

/** Chunks of ours that a program on the default backend does not load. */
const notLoaded = /^(gpu|reference|plain)-/;

async function bundled(program, resolveDir) {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir },
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    outdir: 'out',
    format: 'esm',
    platform: 'browser',
    external: [...builtinModules, 'node:*', 'gpu.js', 'webgpu', 'koffi'],
    logLevel: 'error',
  });
  const loaded = outputFiles.filter(({ path }) => !notLoaded.test(basename(path)));
  return loaded.reduce((sum, { contents }) => sum + gzipped(contents), 0);
}

const rows = [];
const ours = ['tensor', 'tensor/nn', 'tensor/optim', 'attention', 'classifier'].map((name) => `@heddle/${name}`);
const program = ours.map((name, i) => `import * as m${i} from '${name}'; console.log(m${i});`).join('\n');
rows.push([
  'Heddle: tensor, attention with all models, classifier',
  await bundled(program, join(root, 'tools/workspace-tests')),
]);

const folder = mkdtempSync(join(tmpdir(), 'heddle-peers-'));
try {
  for (const { name, packages, program, binaries = [] } of peers) {
    const project = mkdtempSync(join(folder, 'peer-'));
    writeFileSync(join(project, 'package.json'), '{ "private": true }');
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...packages], {
      cwd: project,
    });
    if (!readdirSync(project).includes('node_modules')) throw new Error(`npm installed nothing for ${name}`);
    const wasm = binaries.reduce((sum, file) => sum + gzipped(readFileSync(join(project, 'node_modules', file))), 0);
    rows.push([
      `${name} (${packages.map((p) => p.split('@').at(-1)).join(', ')})`,
      (await bundled(program, project)) + wasm,
    ]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const [name, bytes] of rows) console.log(`${String(Math.round(bytes / 1000)).padStart(6)} kB  ${name}`);
