// SHA-256 of what is written and read, as lower-case hexadecimal. The platform's own: Node's crypto, else SubtleCrypto.
import { hasNode, nodeCrypto } from './node';

/** Takes in bytes part by part. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): Promise<string>;
}

/** A new SHA-256. Without Node the parts are held until `digest`, as SubtleCrypto takes them at once. */
export function sha256Hasher(): Hasher {
  if (hasNode()) {
    const hash = nodeCrypto().createHash('sha256');
    return { update: (bytes) => void hash.update(bytes), digest: async () => hash.digest('hex') };
  }
  const parts: Uint8Array<ArrayBuffer>[] = [];
  return {
    update: (bytes) => void parts.push(new Uint8Array(bytes)),
    digest: async () => hex(await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer())),
  };
}

/**
 * SHA-256 of bytes or of UTF-8 text, in hexadecimal.
 *
 * @example
 * ```ts
 * import { sha256 } from '@heddle/tensor/io';
 * console.log(await sha256('abc')); // ba7816bf…
 * ```
 */
export async function sha256(data: Uint8Array | string): Promise<string> {
  const hasher = sha256Hasher();
  hasher.update(typeof data === 'string' ? new TextEncoder().encode(data) : data);
  return hasher.digest();
}

function hex(digest: ArrayBuffer): string {
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
