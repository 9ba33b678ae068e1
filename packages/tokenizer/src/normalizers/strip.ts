// White space off either end.
import type { Fields } from '../json';
import { isWhitespace } from '../text/char-class';
import type { Change, NormalizedString } from '../text/normalized-string';
import type { Normalizer } from './normalizer';

/** Drops white space at the left, the right or both ends. */
export class Strip implements Normalizer {
  readonly config: { readonly type: string; readonly strip_left: boolean; readonly strip_right: boolean };

  constructor(
    private readonly left: boolean,
    private readonly right: boolean,
  ) {
    this.config = { type: 'Strip', strip_left: left, strip_right: right };
  }

  static read(fields: Fields): Strip {
    return new Strip(fields.boolean('strip_left'), fields.boolean('strip_right'));
  }

  apply(text: NormalizedString): void {
    const chars = [...text.text];
    const space = (char: string | undefined): boolean =>
      char !== undefined && isWhitespace(char.codePointAt(0) as number);
    let leading = 0;
    if (this.left) while (space(chars[leading])) leading++;
    let end = chars.length;
    if (this.right) while (end > 0 && space(chars[end - 1])) end--;
    if (leading === 0 && end === chars.length) return;
    const kept: Change[] = chars.slice(leading, end).map((char) => ({ char, change: 0 }));
    text.transform(kept, leading);
  }
}
