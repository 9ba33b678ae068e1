// Compiles assembly/ into the plain and the relaxed SIMD module, bundles the worker, and writes both as TypeScript that
// the package imports lazily (src/backends/wasm/generated/, never committed) and as files for `wasmUrl` and `workerUrl`
// (build/public/, copied into dist). Does nothing where nothing changed.
//
// One binary a SIMD level is enough: no kernel uses an atomic instruction (threads are coordinated from TypeScript), so
// the variant without shared memory differs in one flag of the memory import, which the loader sets.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const assembly = join(root, 'assembly');
const engine = join(root, 'src/backends/wasm/engine');
const generated = join(root, 'src/backends/wasm/generated');
const published = join(root, 'build/public');
const VARIANTS = { plain: 0, relaxed: 1 };

function digest() {
  const hash = createHash('sha256');
  for (const folder of [assembly, engine]) {
    for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  }
  return hash.update(readFileSync(fileURLToPath(import.meta.url))).digest('hex');
}

/** Writes by a rename, so that a test that runs meanwhile never imports half a file. */
function put(file, content) {
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, content);
  renameSync(partial, file);
}

async function compile(variant) {
  const { default: asc } = await import('assemblyscript/asc');
  let binary = null;
  const flags = `-O3 --noAssert --runtime stub --importMemory --sharedMemory --initialMemory 16 --maximumMemory 65536`;
  const features = `--enable simd,threads${VARIANTS[variant] ? ',relaxed-simd' : ''} --use RELAXED=${VARIANTS[variant]}`;
  const { error, stderr } = await asc.main(
    ['index.ts', '--baseDir', assembly, '--outFile', 'out.wasm', ...flags.split(' '), ...features.split(' ')],
    {
      writeFile: (name, content) => {
        if (name.endsWith('.wasm')) binary = content;
      },
    },
  );
  if (error || binary === null) throw new Error(`asc (${variant}):\n${stderr}`);
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

async function bundleWorker() {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(engine, 'worker.ts')],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: 'es2022',
    platform: 'neutral',
  });
  return outputFiles[0].text;
}

const stamp = join(generated, 'stamp.txt');
const now = digest();
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now && existsSync(published)) process.exit(0);
const started = Date.now();
mkdirSync(generated, { recursive: true });
mkdirSync(join(published, 'wasm'), { recursive: true });
const sizes = [];
for (const variant of Object.keys(VARIANTS)) {
  const binary = await compile(variant);
  const packed = deflateRawSync(binary, { level: 9 });
  sizes.push(`${variant} ${binary.length} bytes, ${packed.length} deflated`);
  put(join(published, `wasm/${variant}.wasm`), binary);
  put(
    join(generated, `${variant}.ts`),
    `// Written by scripts/build-wasm.mjs: the ${variant} SIMD module, deflated, in base64.\n` +
      `export const wasm =\n  '${packed.toString('base64')}';\n`,
  );
  if (variant !== 'plain') continue;
  put(
    join(generated, 'kernels.ts'),
    '// Written by scripts/build-wasm.mjs: what the module exports as kernels.\n' +
      `export const kernelNames = [\n${kernelNames(binary)
        .map((name) => `  '${name}',`)
        .join('\n')}\n] as const;\n\n` +
      '/** Name of a kernel, for `Engine.launch`. */\n' +
      'export type KernelName = (typeof kernelNames)[number];\n',
  );
}
const worker = await bundleWorker();
put(join(published, 'wasm/worker.js'), worker);
put(
  join(generated, 'worker.ts'),
  '// Written by scripts/build-wasm.mjs: the source of the pool’s workers.\n' +
    `export const workerSource =\n  ${JSON.stringify(worker)};\n`,
);
put(stamp, now);
console.log(`wasm: ${sizes.join('; ')}; ${Date.now() - started} ms`);
