// What a browser downloads to train with Heddle and with its peers: `node tools/peers/sizes.mjs`.
// Installs pinned peers with npm into a temporary folder, bundles each with esbuild, and prints the
// gzipped sizes. Ours counts the packages as they are built, with the default backend and its larger
// variant of kernels; the other backends are separate files that such a program never asks for. Of a
// peer's lazy chunks none is counted.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
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

/** Chunks of ours that are imported lazily and that every program on the default backend loads, by the beginning of their names. */
const alwaysLoaded = /^(wasm|relaxed|worker)-/;

/** What a program downloads before its first op: its entry, what that imports up front, and what is always loaded. */
async function bundled(program, resolveDir) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir },
    absWorkingDir: resolveDir,
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    outdir: 'out',
    format: 'esm',
    platform: 'browser',
    external: [...builtinModules, 'node:*', 'gpu.js', 'webgpu', 'koffi', '@huggingface/hub'],
    logLevel: 'error',
  });
  const loaded = new Set();
  const load = (file) => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const { path, kind, external } of metafile.outputs[file].imports) {
      if (!external && (kind === 'import-statement' || alwaysLoaded.test(basename(path)))) load(path);
    }
  };
  load(Object.keys(metafile.outputs).find((file) => metafile.outputs[file].entryPoint === '<stdin>'));
  return outputFiles
    .filter(({ path }) => loaded.has(relative(resolveDir, path)))
    .reduce((sum, { contents }) => sum + gzipped(contents), 0);
}

const rows = [];
const everything = ['tensor', 'tensor/nn', 'tensor/optim', 'attention', 'classifier'].map((name) => `@heddle/${name}`);
const trainer = `
import { SequenceClassifier } from '@heddle/classifier';
import { crossEntropy, init } from '@heddle/tensor';
import { AdamW } from '@heddle/tensor/optim';
console.log(SequenceClassifier, crossEntropy, init, AdamW);`;
const programs = [
  ['Heddle: a program that trains a SequenceClassifier', trainer],
  [
    'Heddle: all of tensor, attention and classifier',
    everything.map((name, i) => `import * as m${i} from '${name}'; console.log(m${i});`).join('\n'),
  ],
];
for (const [name, program] of programs) rows.push([name, await bundled(program, join(root, 'tools/workspace-tests'))]);

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
