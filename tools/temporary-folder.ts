// One folder for everything that the tests of a run leave in the system's temporary one, gone when the run ends.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Called by vitest once a run, before the processes of the tests start; gives what ends it. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-tests-'));
  // Where Node looks, on Windows too.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
