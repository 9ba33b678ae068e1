// SentencePiece's word borders: every space becomes a visible character that starts the next word.
import type { Fields } from '../json';
import type { NormalizedString } from '../text/normalized-string';
import { charSpans } from '../text/spans';
import type { PreTokenizer } from './pre-tokenizer';

/** When Metaspace puts its mark before a text: always, before the very first piece, or never. */
export type PrependScheme = 'always' | 'first' | 'never';

/** The options that Metaspace has wherever it stands in the file. */
export interface MetaspaceOptions {
  readonly replacement: string;
  readonly prependScheme: PrependScheme;
  readonly split: boolean;
}

/** Reads the present form and the older ones (`add_prefix_space`, `str_rep`). */
export function readMetaspace(fields: Fields): MetaspaceOptions {
  const replacement = fields.char('replacement', '▁');
  let prependScheme = fields.oneOf('prepend_scheme', ['always', 'first', 'never'] as const, 'always');
  if (fields.raw('add_prefix_space') === false) {
    if (fields.has('prepend_scheme') && prependScheme !== 'never')
      throw fields.error('add_prefix_space', `what prepend_scheme ${prependScheme} says`, false);
    prependScheme = 'never';
  }
  return { replacement, prependScheme, split: fields.raw('split') == null ? true : fields.boolean('split') };
}

/** Fills in what is left out, as the format does. */
export function metaspaceOptions(options: Partial<MetaspaceOptions>): MetaspaceOptions {
  return { replacement: '▁', prependScheme: 'always', split: true, ...options };
}

export function metaspaceConfig(options: MetaspaceOptions): { readonly [key: string]: string | boolean } {
  const { replacement, prependScheme, split } = options;
  return { type: 'Metaspace', replacement, prepend_scheme: prependScheme, split };
}

/**
 * Marks word starts and cuts before them.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { MetaspacePreTokenizer, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel(['[UNK]'], { unkToken: '[UNK]' });
 * const tokenizer = new Tokenizer({ preTokenizer: new MetaspacePreTokenizer({ prependScheme: 'first' }), model });
 * console.log(tokenizer.encode('a b').offsets);
 * ```
 */
export class MetaspacePreTokenizer implements PreTokenizer {
  readonly options: MetaspaceOptions;

  constructor(options: Partial<MetaspaceOptions> = {}) {
    this.options = metaspaceOptions(options);
  }

  static read(fields: Fields): MetaspacePreTokenizer {
    return new MetaspacePreTokenizer(readMetaspace(fields));
  }

  get config(): PreTokenizer['config'] {
    return metaspaceConfig(this.options);
  }

  apply(piece: NormalizedString): NormalizedString[] {
    const { replacement, prependScheme, split } = this.options;
    if (piece.text.includes(' '))
      piece.replace(
        charSpans(piece.text, (codePoint) => codePoint === 32),
        replacement,
      );
    const wanted = prependScheme === 'always' || (prependScheme === 'first' && piece.shift === 0);
    if (wanted && !piece.text.startsWith(replacement)) piece.prepend(replacement);
    // A lone word, as a cut at white space leaves it, is most often what comes.
    if (!split || (piece.text !== '' && !piece.text.includes(replacement, 1))) return [piece];
    const mark = replacement.codePointAt(0);
    return piece.split(
      charSpans(piece.text, (codePoint) => codePoint === mark),
      'MergedWithNext',
    );
  }
}
