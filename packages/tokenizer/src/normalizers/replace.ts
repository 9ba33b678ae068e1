// Replaces every match of a literal or a pattern.
import type { Fields } from '../json';
import type { Readers } from '../reading/readers';
import type { Searcher } from '../text/linear-regex';
import type { NormalizedString } from '../text/normalized-string';
import { compilePattern, type Pattern, patternConfig, readPattern } from '../text/pattern';
import { findSpans } from '../text/spans';
import type { Normalizer } from './normalizer';

/**
 * Replaces every match by a fixed text.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Regex, Replace, WordLevel } from '@heddle/tokenizer/components';
 * const tokenizer = new Tokenizer({ normalizer: new Replace(new Regex(' +'), '_'), model: new WordLevel(['a_b']) });
 * console.log(tokenizer.encode('a  b').tokens); // ['a_b']
 * ```
 */
export class Replace implements Normalizer {
  private readonly regex: Searcher;
  readonly config: {
    readonly type: string;
    readonly pattern: { readonly [form: string]: string };
    readonly content: string;
  };
  readonly isLocal: boolean;

  constructor(
    readonly pattern: Pattern,
    readonly content: string,
  ) {
    this.regex = compilePattern(pattern);
    this.config = { type: 'Replace', pattern: patternConfig(pattern), content };
    this.isLocal =
      typeof pattern === 'string' ? !/\s/.test(pattern + content) : pattern.source === ' {2,}' && content === ' ';
  }

  static read(fields: Fields, readers: Readers): Replace {
    return new Replace(readPattern(fields, 'pattern', readers), fields.string('content'));
  }

  apply(text: NormalizedString): void {
    if (typeof this.pattern === 'string' && !text.text.includes(this.pattern)) return;
    text.replace(findSpans(this.regex, text.text), this.content);
  }

  /** The same on a plain string, as the decoder of this name does. */
  applyTo(text: string): string {
    return findSpans(this.regex, text)
      .map(({ start, end, match }) => (match ? this.content : text.slice(start, end)))
      .join('');
  }
}
