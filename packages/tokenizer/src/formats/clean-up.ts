// Removes the spaces that English tokenizers leave before punctuation and short forms, as transformers'
// `clean_up_tokenization_spaces` does it.
import type { CleanUp } from '../tokenizer-parts';

/** In transformers' order; all but one lose the space in front. */
const PATTERNS = [' .', ' ?', ' !', ' ,', " ' ", " n't", " 'm", " 's", " 've", " 're"];

/**
 * The ends of texts that what follows may still change: those that a pattern begins with and, since " ' " makes a short form
 * of what stands round it, those of " n ' t" and "  ' ve" too.
 */
const OPEN = / (?:'[vr]?|n'?| ' [vr])?$/;
/** Units that tell whether an end is open. */
const OPEN_UNITS = 5;

function clean(text: string): string {
  return PATTERNS.reduce((cleaned, pattern) => cleaned.replaceAll(pattern, pattern.trim()), text);
}

/** The clean-up of `clean_up_tokenization_spaces`. */
export const cleanUpSpaces: CleanUp = {
  clean,
  stream: () => {
    let open: string[] = [];
    let end = '';
    return (text, isLast) => {
      open.push(text);
      // No more than the end is looked at, or time would grow with the square of what is open.
      end = (end + text).slice(-OPEN_UNITS);
      if (!isLast && OPEN.test(end)) return '';
      const cleaned = clean(open.join(''));
      open = [];
      end = '';
      return cleaned;
    };
  },
};
