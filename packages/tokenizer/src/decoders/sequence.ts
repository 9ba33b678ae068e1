// Decoders one after another.
import type { Fields } from '../json';
import type { Readers } from '../reading/readers';
import type { Decoder } from './decoder';

/**
 * Decoders one after another.
 *
 * @example
 * ```ts
 * import { DecoderSequence, Fuse, ReplaceDecoder } from '@heddle/tokenizer/components';
 * console.log(new DecoderSequence([new ReplaceDecoder('▁', ' '), new Fuse()]).decode(['a', '▁b']).join('')); // a b
 * ```
 */
export class DecoderSequence implements Decoder {
  constructor(readonly items: readonly Decoder[]) {}

  static read(fields: Fields, readers: Readers): DecoderSequence {
    return new DecoderSequence(fields.children('decoders').map((child) => readers.read('decoder', child)));
  }

  get config(): Decoder['config'] {
    return { type: 'Sequence', decoders: this.items.map((item) => item.config) };
  }

  decode(tokens: readonly string[]): string[] {
    let pieces = [...tokens];
    for (const item of this.items) pieces = item.decode(pieces);
    return pieces;
  }
}
