// WebGPU for Node: Dawn, from the optional peer `webgpu`. A browser never comes here.
/// <reference types="@webgpu/types" />
import { BackendError } from '../../errors';

/** The version whose binaries load where gpu.js's own choice (0.2.9) doesn't. */
export const DAWN_VERSION = '0.6.2';

/** Dawn ends when nothing refers to it any more, and with it every device: so this does. */
let dawn: GPU | null = null;

/** Sets `navigator.gpu` where the runtime has none. */
export async function provideWebGpu(): Promise<void> {
  if (typeof navigator !== 'undefined' && navigator.gpu !== undefined) return;
  if (typeof process === 'undefined' || process.versions?.node === undefined) return;
  if (dawn === null) {
    // A name in a variable keeps bundlers for browsers from following it.
    const name = 'webgpu';
    let loaded: { create(flags: readonly string[]): GPU; readonly globals: object };
    try {
      loaded = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
    } catch (cause) {
      throw new BackendError('gpu', `WebGPU in Node needs Dawn: npm install webgpu@${DAWN_VERSION}`, { cause });
    }
    Object.assign(globalThis, loaded.globals);
    dawn = loaded.create([]);
  }
  // Node 21 and later have a navigator of their own, without gpu.
  const host: object = typeof navigator === 'undefined' ? {} : navigator;
  Object.defineProperty(host, 'gpu', { value: dawn, configurable: true });
  if (typeof navigator === 'undefined') {
    Object.defineProperty(globalThis, 'navigator', { value: host, configurable: true });
  }
}
