// Cuts where the script changes. Han and kana count as one; marks and spaces as none.
import type { NormalizedString } from '../text/normalized-string';
import type { PreTokenizer } from './pre-tokenizer';
import { scriptOf } from './script-table';

const ANY = 0;

/**
 * Cuts between scripts.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { UnicodeScripts, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel(['[UNK]'], { unkToken: '[UNK]' });
 * const tokenizer = new Tokenizer({ preTokenizer: new UnicodeScripts(), model });
 * console.log(tokenizer.encode('どこで Friend').offsets);
 * ```
 */
export class UnicodeScripts implements PreTokenizer {
  readonly config = { type: 'UnicodeScripts' };

  apply(piece: NormalizedString): NormalizedString[] {
    const pieces: NormalizedString[] = [];
    let last = -1;
    let start = 0;
    let at = 0;
    let first = true;
    for (const char of piece.text) {
      const script = scriptOf(char.codePointAt(0) as number);
      if (script !== ANY && last !== script) {
        // The reference drops what stands before the first script: that border, too, starts a piece.
        if (!first) pieces.push(piece.slice(start, at));
        start = at;
        first = false;
      }
      if (script !== ANY) last = script;
      at += char.length;
    }
    if (!first && start < at) pieces.push(piece.slice(start, at));
    return pieces;
  }
}
