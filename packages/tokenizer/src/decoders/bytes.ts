// The decoders that bring bytes back: GPT-2's alphabet, and <0x..> tokens.
import type { Fields } from '../json';
import { type ByteLevelOptions, byteLevelConfig, readByteLevel } from '../pre-tokenizers/byte-level';
import { fromByteChars } from '../text/byte-alphabet';
import type { Decoder } from './decoder';

const encoder = new TextEncoder();
const lossy = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** Reads tokens in the byte alphabet; a token with any other character stands for its own text. */
export class ByteLevelDecoder implements Decoder {
  constructor(readonly options: ByteLevelOptions) {}

  static read(fields: Fields): ByteLevelDecoder {
    return new ByteLevelDecoder(readByteLevel(fields));
  }

  get config(): Decoder['config'] {
    return byteLevelConfig(this.options);
  }

  decode(tokens: readonly string[]): string[] {
    const parts = tokens.map((token) => fromByteChars(token) ?? encoder.encode(token));
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return [lossy.decode(bytes)];
  }
}

/** Joins runs of <0x..> tokens into text; bytes that are no UTF-8 become one U+FFFD each. */
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
