// SentencePiece's word marks back to spaces.
import type { Fields } from '../json';
import { type MetaspaceOptions, metaspaceConfig, metaspaceOptions, readMetaspace } from '../pre-tokenizers/metaspace';
import type { Decoder } from './decoder';

/**
 * Turns word marks back into spaces; the very first token loses them.
 *
 * @example
 * ```ts
 * import { MetaspaceDecoder } from '@heddle/tokenizer/components';
 * console.log(new MetaspaceDecoder().decode(['▁Hello', '▁you']).join('')); // Hello you
 * ```
 */
export class MetaspaceDecoder implements Decoder {
  readonly options: MetaspaceOptions;

  constructor(options: Partial<MetaspaceOptions> = {}) {
    this.options = metaspaceOptions(options);
  }

  static read(fields: Fields): MetaspaceDecoder {
    return new MetaspaceDecoder(readMetaspace(fields));
  }

  get config(): Decoder['config'] {
    return metaspaceConfig(this.options);
  }

  decode(tokens: readonly string[]): string[] {
    const { replacement, prependScheme } = this.options;
    return tokens.map((token, i) => token.replaceAll(replacement, i === 0 && prependScheme !== 'never' ? '' : ' '));
  }
}
