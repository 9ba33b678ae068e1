// Makes the generated modules before any test imports them. Does nothing where they are up to date.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Called by vitest once a run. */
export function setup(): void {
  const script = fileURLToPath(new URL('../../scripts/build-wasm.mjs', import.meta.url));
  execFileSync(process.execPath, [script], { stdio: 'inherit' });
}
