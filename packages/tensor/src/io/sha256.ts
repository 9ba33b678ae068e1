// SHA-256 of what is written and read, as lower-case hexadecimal: Node's own, else a portable one.
import { hasNode, nodeCrypto } from './node';
import { PortableSha256 } from './sha256-portable';

/** Takes in bytes part by part. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): string;
}

/** A new SHA-256. */
export function sha256Hasher(): Hasher {
  if (!hasNode()) return new PortableSha256();
  const hash = nodeCrypto().createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
}

/**
 * SHA-256 of bytes or of UTF-8 text, in hexadecimal.
 *
 * @example
 * ```ts
 * import { sha256 } from '@heddle/tensor/io';
 * console.log(sha256('abc')); // ba7816bf…
 * ```
 */
export function sha256(data: Uint8Array | string): string {
  const hasher = sha256Hasher();
  hasher.update(typeof data === 'string' ? new TextEncoder().encode(data) : data);
  return hasher.digest();
}
