// One fingerprint of a dataset as it is used, so that two reports can be told to speak of the same rows.
import { createHash } from 'node:crypto';
import type { LabelledText } from '@heddle/trainer';

/** SHA-256 over the parts in order; lengths are hashed too, so that no two different datasets run together. */
export function checksum(...parts: readonly (readonly LabelledText[])[]): string {
  const hash = createHash('sha256');
  for (const rows of parts) {
    hash.update(`${rows.length}\n`);
    for (const { label, text } of rows) hash.update(`${label.length} ${text.length} ${label}${text}`);
  }
  return hash.digest('hex');
}
