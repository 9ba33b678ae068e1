// Cuts at the matches of a pattern, or between them.
import type { Fields } from '../json';
import { readPattern } from '../normalizers/replace';
import type { NormalizedString, SplitBehavior } from '../text/normalized-string';
import { compilePattern, findSpans, type PatternConfig } from '../text/regex';
import { BEHAVIORS } from './char-splits';
import type { PreTokenizer } from './pre-tokenizer';

/** Cuts by an Oniguruma pattern or a literal. */
export class Split implements PreTokenizer {
  readonly regex: RegExp;
  readonly config: {
    readonly type: string;
    readonly pattern: { readonly [k: string]: string };
    readonly behavior: SplitBehavior;
    readonly invert: boolean;
  };

  constructor(
    readonly pattern: PatternConfig,
    readonly behavior: SplitBehavior,
    readonly invert: boolean,
    where = 'pre_tokenizer.pattern',
  ) {
    this.regex = compilePattern(pattern, where);
    this.config = { type: 'Split', pattern: { ...pattern }, behavior, invert };
  }

  static read(fields: Fields): Split {
    return new Split(
      readPattern(fields, 'pattern'),
      fields.oneOf('behavior', BEHAVIORS),
      fields.boolean('invert', false),
      `${fields.path}.pattern`,
    );
  }

  apply(piece: NormalizedString): NormalizedString[] {
    return piece.split(findSpans(this.regex, piece.text, this.invert), this.behavior);
  }
}

/** Runs of word characters, and runs of anything else that is not white space. */
export class Whitespace implements PreTokenizer {
  readonly config = { type: 'Whitespace' };
  private readonly regex =
    /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;

  apply(piece: NormalizedString): NormalizedString[] {
    return piece.split(findSpans(this.regex, piece.text, true), 'Removed');
  }
}
