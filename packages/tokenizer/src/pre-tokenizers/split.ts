// Cuts at the matches of a pattern, or between them.

import type { Scanner } from '../fast/scanner';
import type { Fields } from '../json';
import { checkObject } from '../options';
import type { Readers } from '../reading/readers';
import type { Searcher } from '../text/linear-regex';
import type { NormalizedString, SplitBehavior } from '../text/normalized-string';
import { compilePattern, type Pattern, patternConfig, readPattern } from '../text/pattern';
import { findSpans } from '../text/spans';
import { BEHAVIORS } from './behaviors';
import type { PreTokenizer } from './pre-tokenizer';

/**
 * Cuts by an Oniguruma pattern or a literal.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Regex, Split, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel(['[UNK]'], { unkToken: '[UNK]' });
 * const tokenizer = new Tokenizer({ preTokenizer: new Split(new Regex('\\d+'), 'MergedWithPrevious'), model });
 * console.log(tokenizer.encode('a12b3').offsets);
 * ```
 */
export class Split implements PreTokenizer {
  readonly config: {
    readonly type: string;
    readonly pattern: { readonly [form: string]: string };
    readonly behavior: SplitBehavior;
    readonly invert: boolean;
  };
  readonly scan: Scanner | undefined;
  private readonly regex: Searcher;
  private readonly behavior: SplitBehavior;
  private readonly invert: boolean;

  constructor(pattern: Pattern, behavior: SplitBehavior, options: { readonly invert?: boolean } = {}) {
    checkObject('Split: options', options);
    const { invert = false } = options;
    this.regex = compilePattern(pattern);
    this.behavior = behavior;
    this.invert = invert;
    this.config = { type: 'Split', pattern: patternConfig(pattern), behavior, invert };
    if (behavior === 'Isolated' && typeof pattern !== 'string') this.scan = pattern.scan;
  }

  static read(fields: Fields, readers: Readers): Split {
    const pattern = readPattern(fields, 'pattern', readers);
    return new Split(pattern, fields.oneOf('behavior', BEHAVIORS), { invert: fields.boolean('invert', false) });
  }

  apply(piece: NormalizedString): NormalizedString[] {
    return piece.split(findSpans(this.regex, piece.text, this.invert), this.behavior);
  }
}
