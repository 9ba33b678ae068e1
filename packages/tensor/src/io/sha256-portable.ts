// SHA-256 (FIPS 180-4) part by part in plain TypeScript, for where there is no Node: SubtleCrypto takes everything at once,
// and only on secure pages.

/** First 32 bits of the fractional part of a root of each of the first primes. */
function fractions(count: number, root: (prime: number) => number): Int32Array {
  const out = new Int32Array(count);
  for (let n = 2, i = 0; i < count; n++) {
    let isPrime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) isPrime = false;
    if (isPrime) out[i++] = (root(n) % 1) * 2 ** 32;
  }
  return out;
}

const K = fractions(64, Math.cbrt);
const START = fractions(8, Math.sqrt);

/** A running hash. */
export class PortableSha256 {
  private readonly h = Int32Array.from(START);
  private readonly w = new Int32Array(64);
  private readonly block = new Uint8Array(64);
  private length = 0;

  update(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const used = this.length % 64;
      const taken = bytes.subarray(at, at + 64 - used);
      this.block.set(taken, used);
      this.length += taken.length;
      at += taken.length;
      if (used + taken.length === 64) this.compress();
    }
  }

  /** The hash in lower-case hexadecimal. Nothing may be added afterwards. */
  digest(): string {
    const bits = BigInt(this.length) * 8n;
    const padding = new Uint8Array(((119 - (this.length % 64)) % 64) + 9);
    padding[0] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.length - 8, bits);
    this.update(padding);
    return Array.from(this.h, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  private compress(): void {
    const { w, h } = this;
    const view = new DataView(this.block.buffer);
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(i * 4);
    for (let i = 16; i < 64; i++) {
      const s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >>> 3);
      const s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >>> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    let [a, b, c, d, e, f, g, x] = h;
    for (let i = 0; i < 64; i++) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const t1 = (x + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [x, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, x].forEach((word, i) => {
      h[i] += word;
    });
  }
}

const rotate = (x: number, by: number): number => (x >>> by) | (x << (32 - by));
