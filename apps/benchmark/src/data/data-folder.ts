// Where data lies that is too large for the repository.
import { resolve } from 'node:path';

/** The folder that HEDDLE_DATA names, or ../shared/data. It may not be there. */
export function dataFolder(): string {
  return process.env['HEDDLE_DATA'] ?? resolve('..', 'shared', 'data');
}
