// Loads a variant of the kernels and compiles it. The binary is inlined in the package or fetched from `wasmUrl`.
import { BackendError } from '../../../errors';
import { isNode, type Simd } from './features';

const LIMITS_SHARED = 3;
const LIMITS_OWN = 1;

/** Compiles the kernels for a SIMD level and for shared or unshared memory. */
export async function loadModule(
  simd: Simd,
  shared: boolean,
  wasmUrl: string | URL | undefined,
): Promise<WebAssembly.Module> {
  const binary = wasmUrl === undefined ? await inlined(simd) : await fetched(wasmUrl, simd);
  if (!shared) unshare(binary);
  try {
    return await WebAssembly.compile(binary);
  } catch (cause) {
    throw new BackendError(
      'wasm',
      'the kernels could not be compiled: where a content security policy is set, script-src needs wasm-unsafe-eval',
      { cause },
    );
  }
}

async function inlined(simd: Simd): Promise<Uint8Array<ArrayBuffer>> {
  const { wasm } = simd === 'relaxed' ? await import('../generated/relaxed') : await import('../generated/plain');
  const packed = Uint8Array.from(atob(wasm), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** `wasmUrl` names the folder that holds plain.wasm and relaxed.wasm. */
async function fetched(wasmUrl: string | URL, simd: Simd): Promise<Uint8Array<ArrayBuffer>> {
  const folder = String(wasmUrl);
  const url = `${folder}${folder.endsWith('/') ? '' : '/'}${simd}.wasm`;
  try {
    if (isNode() && !/^(https?|blob|data):/.test(url)) {
      const { readFile } = process.getBuiltinModule('node:fs/promises');
      return new Uint8Array(await readFile(url.startsWith('file:') ? new URL(url) : url));
    }
    const response = await fetch(url);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new BackendError('wasm', `wasmUrl: the kernels are not at ${url}`, { cause });
  }
}

// Sets the one flag in which the variant for unshared memory differs: the limits of the imported memory.
function unshare(binary: Uint8Array): void {
  const name = [3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2, LIMITS_SHARED]; // "env" "memory" memory, shared
  for (let at = 8; at < binary.length - name.length; at++) {
    if (!name.every((byte, i) => binary[at + i] === byte)) continue;
    binary[at + name.length - 1] = LIMITS_OWN;
    return;
  }
  throw new BackendError('wasm', 'the kernels import no shared memory: the file is not of this version of the package');
}
