// Where the real checkpoints lie that are too large for the repository: HEDDLE_SHARED, or `shared` beside the repository.
// Tests that need them say why they are skipped where they are absent.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const candidates = [process.env['HEDDLE_SHARED'], join(import.meta.dirname, '../../../../../shared')];

/** The folder of real checkpoints, or undefined. */
export const checkpoints: string | undefined = candidates
  .flatMap((folder) => (folder === undefined ? [] : [join(folder, 'fixtures/models')]))
  .find((folder) => existsSync(folder));

if (checkpoints === undefined)
  console.log(
    'skipped: real checkpoints: no folder shared/fixtures/models beside the repository (or set HEDDLE_SHARED)',
  );
