// Brings back the bytes of <0x..> tokens.
import type { Decoder } from './decoder';

const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/**
 * Joins runs of <0x..> tokens into text; bytes that are no UTF-8 become one U+FFFD each.
 *
 * @example
 * ```ts
 * import { ByteFallback } from '@heddle/tokenizer/components';
 * console.log(new ByteFallback().decode(['caf', '<0xC3>', '<0xA9>']).join('')); // café
 * ```
 */
export class ByteFallback implements Decoder {
  readonly config = { type: 'ByteFallback' };

  decode(tokens: readonly string[]): string[] {
    const out: string[] = [];
    let bytes: number[] = [];
    const flush = (): void => {
      if (bytes.length === 0) return;
      try {
        out.push(strict.decode(Uint8Array.from(bytes)));
      } catch {
        for (let i = 0; i < bytes.length; i++) out.push('\ufffd');
      }
      bytes = [];
    };
    for (const token of tokens) {
      const byte = /^<0x([0-9A-Fa-f+][0-9A-Fa-f])>$/.exec(token)?.[1];
      if (byte === undefined) {
        flush();
        out.push(token);
      } else bytes.push(Number.parseInt(byte, 16));
    }
    flush();
    return out;
  }
}
