// BERT's normaliser: clean-up, spaces round Chinese characters, accents and case.
import type { Fields } from '../json';
import { charClass, isChinese, isWhitespace, NONSPACING_MARK, OTHER } from '../text/char-class';
import type { NormalizedString } from '../text/normalized-string';
import { lowercase } from './lowercase';
import type { Normalizer } from './normalizer';
import { toForm } from './unicode-form';

/** The options of {@link BertNormalizer}, true by default. */
export interface BertNormalizerOptions {
  readonly cleanText?: boolean;
  readonly handleChineseChars?: boolean;
  /** Default as `lowercase`. */
  readonly stripAccents?: boolean | undefined;
  readonly lowercase?: boolean;
}

/** True for the control characters that the clean-up drops (tab and line ends count as white space instead). */
export function isDropped(codePoint: number): boolean {
  if (codePoint === 0 || codePoint === 0xfffd) return true;
  if (codePoint === 9 || codePoint === 10 || codePoint === 13) return false;
  return (charClass(codePoint) & OTHER) !== 0;
}

function isolateChinese(text: NormalizedString): void {
  text.mapChars((char) => (isChinese(char.codePointAt(0) as number) ? ` ${char} ` : char));
}

/**
 * A {@link Normalizer} that does what BERT's `BasicTokenizer` does.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { BertNormalizer, WordLevel } from '@heddle/tokenizer/components';
 * const tokenizer = new Tokenizer({ normalizer: new BertNormalizer({ stripAccents: true }), model: new WordLevel(['cafe']) });
 * console.log(tokenizer.encode('Café').tokens); // ['cafe']
 * ```
 */
export class BertNormalizer implements Normalizer {
  readonly options: Required<Omit<BertNormalizerOptions, 'stripAccents'>> & Pick<BertNormalizerOptions, 'stripAccents'>;
  readonly stripsAccents: boolean;

  constructor(options: BertNormalizerOptions = {}) {
    this.options = { cleanText: true, handleChineseChars: true, lowercase: true, ...options };
    this.stripsAccents = this.options.stripAccents ?? this.options.lowercase;
  }

  static read(fields: Fields): BertNormalizer {
    const strip = fields.raw('strip_accents');
    return new BertNormalizer({
      cleanText: fields.boolean('clean_text', true),
      handleChineseChars: fields.boolean('handle_chinese_chars', true),
      stripAccents: strip == null ? undefined : fields.boolean('strip_accents'),
      lowercase: fields.boolean('lowercase', true),
    });
  }

  get config(): { readonly [key: string]: string | boolean | null } {
    const { cleanText, handleChineseChars, stripAccents, lowercase: lower } = this.options;
    return {
      type: 'BertNormalizer',
      clean_text: cleanText,
      handle_chinese_chars: handleChineseChars,
      strip_accents: stripAccents ?? null,
      lowercase: lower,
    };
  }

  apply(text: NormalizedString): void {
    if (this.options.cleanText) {
      text.filter((codePoint) => !isDropped(codePoint));
      text.mapChars((char) => (isWhitespace(char.codePointAt(0) as number) ? ' ' : char));
    }
    if (this.options.handleChineseChars) isolateChinese(text);
    if (this.stripsAccents) {
      toForm(text, 'NFD');
      text.filter((codePoint) => (charClass(codePoint) & NONSPACING_MARK) === 0);
    }
    if (this.options.lowercase) lowercase(text);
  }
}
