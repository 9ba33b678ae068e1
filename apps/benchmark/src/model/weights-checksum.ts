// One fingerprint of a trained model, so that two reports can be told to speak of the very same weights.
import { createHash } from 'node:crypto';
import type { Module } from '@heddle/tensor/nn';

/** SHA-256 over names, shapes and values of all that `stateDict` holds. */
export async function weightsChecksum(model: Module): Promise<string> {
  const hash = createHash('sha256');
  for (const [name, t] of model.stateDict()) {
    const { buffer, byteOffset, byteLength } = await t.data();
    hash.update(`${name} ${t.shape.join('×')}\n`).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}
