// Compiles assembly/ into the plain and the relaxed SIMD module, bundles the worker, and writes both as TypeScript that
// the package imports lazily (src/backends/wasm/generated/, never committed) and as files for `wasmUrl` and `workerUrl`
// (build/public/, copied into dist). Does nothing where nothing changed.
//
// One binary a SIMD level is enough: no kernel uses an atomic instruction (threads are coordinated from TypeScript), so
// the variant without shared memory differs in one flag of the memory import, which the loader sets.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { build } from 'esbuild';
import { poolConstants } from './pool-constants.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const assembly = join(root, 'assembly');
const engine = join(root, 'src/backends/wasm/engine');
const generated = join(root, 'src/backends/wasm/generated');
const published = join(root, 'build/public/wasm');
const asc = join(dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')), 'bin/asc.js');
const VARIANTS = ['plain', 'relaxed'];
const FLAGS = '-O3 --noAssert --runtime stub --importMemory --sharedMemory --initialMemory 16 --maximumMemory 65536';

/** Writes by a rename, so that a test that runs meanwhile never imports half a file. */
function put(file, content) {
  if (existsSync(file) && readFileSync(file).equals(Buffer.from(content))) return;
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, content);
  renameSync(partial, file);
}

async function compile(variant) {
  const out = join(published, `${variant}.${process.pid}.wasm`);
  const relaxed = variant === 'relaxed';
  const features = `--enable simd,threads${relaxed ? ',relaxed-simd' : ''} --use RELAXED=${relaxed ? 1 : 0}`;
  const flags = `${FLAGS} ${features}`.split(' ');
  try {
    await promisify(execFile)(process.execPath, [asc, 'index.ts', '--baseDir', assembly, '--outFile', out, ...flags]);
  } catch (error) {
    throw new Error(`asc (${variant}):\n${error.stderr}`);
  }
  const binary = await poolConstants(readFileSync(out));
  rmSync(out);
  put(join(published, `${variant}.wasm`), binary);
  return binary;
}

/** Names of the exports with a kernel's signature: (args, from, to) and no result. */
function kernelNames(binary) {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { memory } });
  return Object.keys(exports)
    .filter((name) => typeof exports[name] === 'function' && exports[name].length === 3)
    .sort();
}

async function buildKernels() {
  const hash = createHash('sha256');
  for (const folder of [assembly, dirname(fileURLToPath(import.meta.url))]) {
    for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  }
  const digest = hash.digest('hex');
  const stamp = join(generated, 'stamp.txt');
  const complete = VARIANTS.every((variant) => existsSync(join(published, `${variant}.wasm`)));
  if (complete && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  const started = Date.now();
  const binaries = await Promise.all(VARIANTS.map(compile));
  const sizes = VARIANTS.map((variant, i) => {
    const packed = deflateRawSync(binaries[i], { level: 9 });
    put(
      join(generated, `${variant}.ts`),
      `// Written by scripts/build-wasm.mjs: the ${variant} SIMD module, deflated, in base64.\n` +
        `export const wasm =\n  '${packed.toString('base64')}';\n`,
    );
    return `${variant} ${binaries[i].length} bytes, ${packed.length} deflated`;
  });
  put(
    join(generated, 'kernels.ts'),
    '// Written by scripts/build-wasm.mjs: what the module exports as kernels.\n' +
      `export const kernelNames = [\n${kernelNames(binaries[0])
        .map((name) => `  '${name}',`)
        .join('\n')}\n] as const;\n\n` +
      '/** Name of a kernel, for `Engine.launch`. */\n' +
      'export type KernelName = (typeof kernelNames)[number];\n',
  );
  put(stamp, digest);
  console.log(`wasm: ${sizes.join('; ')}; ${Date.now() - started} ms`);
}

/** Bundles a worker's program into a file and a string. What it would load lazily it is given instead. */
async function buildProgram(entry, name, what) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: 'es2022',
    platform: 'neutral',
    external: ['*/generated/plain', '*/generated/relaxed', '*/generated/worker', '*/generated/engine'],
    define: { 'import.meta.url': '""' },
  });
  const [{ text }] = outputFiles;
  put(join(published, `${name}.js`), text);
  put(
    join(generated, `${name}.ts`),
    `// Written by scripts/build-wasm.mjs: the source of ${what}.\n` +
      `export const ${name}Source =\n  ${JSON.stringify(text)};\n`,
  );
}

mkdirSync(generated, { recursive: true });
mkdirSync(published, { recursive: true });
await Promise.all([buildKernels(), buildProgram(join(engine, 'worker.ts'), 'worker', 'the pool’s workers')]);
// Last: it imports the kernels' names.
await buildProgram(join(engine, '../remote/worker.ts'), 'engine', 'the worker that a page’s engine runs in');
