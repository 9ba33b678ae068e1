// The decoders that give words their spaces back.
import type { Fields } from '../json';
import { type MetaspaceOptions, metaspaceConfig, readMetaspace } from '../pre-tokenizers/metaspace';
import type { Decoder } from './decoder';

const CLEANUPS: readonly (readonly [string, string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** English clean-up: no space before punctuation and contractions. */
export function cleanUp(text: string): string {
  let clean = text;
  for (const [from, to] of CLEANUPS) clean = clean.replaceAll(from, to);
  return clean;
}

/** Joins `##` parts to what stands before them. */
export class WordPieceDecoder implements Decoder {
  constructor(
    readonly prefix: string,
    readonly cleanup: boolean,
  ) {}

  static read(fields: Fields): WordPieceDecoder {
    return new WordPieceDecoder(fields.string('prefix', '##'), fields.boolean('cleanup', true));
  }

  get config(): Decoder['config'] {
    return { type: 'WordPiece', prefix: this.prefix, cleanup: this.cleanup };
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token, i) => {
      let text = token;
      if (i > 0) text = token.startsWith(this.prefix) ? token.slice(this.prefix.length) : ` ${token}`;
      return this.cleanup ? cleanUp(text) : text;
    });
  }
}

/** Turns word marks back into spaces; the very first token loses them. */
export class MetaspaceDecoder implements Decoder {
  constructor(readonly options: MetaspaceOptions) {}

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

/** Turns the end-of-word suffix into a space, but for the last token. */
export class BpeDecoder implements Decoder {
  constructor(readonly suffix: string) {}

  static read(fields: Fields): BpeDecoder {
    return new BpeDecoder(fields.string('suffix', '</w>'));
  }

  get config(): Decoder['config'] {
    return { type: 'BPEDecoder', suffix: this.suffix };
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token, i) => token.replaceAll(this.suffix, i === tokens.length - 1 ? '' : ' '));
  }
}

/** Speech models: repeats collapse, padding goes, the delimiter is a space. */
export class Ctc implements Decoder {
  constructor(
    readonly padToken: string,
    readonly wordDelimiter: string,
    readonly cleanup: boolean,
  ) {}

  static read(fields: Fields): Ctc {
    return new Ctc(
      fields.string('pad_token', '<pad>'),
      fields.string('word_delimiter_token', '|'),
      fields.boolean('cleanup', true),
    );
  }

  get config(): Decoder['config'] {
    return {
      type: 'CTC',
      pad_token: this.padToken,
      word_delimiter_token: this.wordDelimiter,
      cleanup: this.cleanup,
    };
  }

  decode(tokens: readonly string[]): string[] {
    const out: string[] = [];
    for (const [i, token] of tokens.entries()) {
      if (i > 0 && token === tokens[i - 1]) continue;
      let text = token.replaceAll(this.padToken, '');
      if (this.cleanup) text = cleanUp(text).replaceAll(this.wordDelimiter, ' ');
      if (text !== '') out.push(text);
    }
    return out;
  }
}
