// Brings back the bytes that GPT-2's alphabet spells.
import type { Fields } from '../json';
import { fromByteChars } from '../text/byte-alphabet';
import { type ByteLevelOptions, byteLevelConfig, byteLevelOptions, readByteLevel } from '../text/byte-level-options';
import type { Decoder } from './decoder';

const encoder = new TextEncoder();
const lossy = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Reads tokens in the byte alphabet; a token with any other character stands for its own text.
 *
 * @example
 * ```ts
 * import { ByteLevelDecoder } from '@heddle/tokenizer/components';
 * console.log(new ByteLevelDecoder().decode(['Hello', 'Ġyou']).join('')); // Hello you
 * ```
 */
export class ByteLevelDecoder implements Decoder {
  readonly options: ByteLevelOptions;

  constructor(options: Partial<ByteLevelOptions> = {}) {
    this.options = byteLevelOptions(options);
  }

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
