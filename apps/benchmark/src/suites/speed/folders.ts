// Folders of the app, wherever this program was built to.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../../errors.js';

/** The folder of the peers' scripts. */
export function peersFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const peers = join(folder, 'peers');
    if (existsSync(join(peers, 'shared.mjs'))) return peers;
    if (folder === dirname(folder)) throw new BenchError('peers-missing', 'the folder of the peers’ scripts is gone');
  }
}

/** The folder of the reports that are kept by version. */
export function historyFolder(): string {
  return join(peersFolder(), '../../../docs/benchmarks');
}
