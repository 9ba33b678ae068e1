// Removes the spaces that English tokenizers leave before punctuation and short forms, as transformers'
// `clean_up_tokenization_spaces` does it.
import type { CleanUp } from '../tokenizer-parts';

/** In transformers' order; all but one lose the space in front. */
const PATTERNS = [' .', ' ?', ' !', ' ,', " ' ", " n't", " 'm", " 's", " 've", " 're"];

/** The clean-up of `clean_up_tokenization_spaces`. */
export const cleanUpSpaces: CleanUp = {
  clean: (text) => PATTERNS.reduce((cleaned, pattern) => cleaned.replaceAll(pattern, pattern.trim()), text),
  isOpen: (text) => {
    const tail = text.slice(Math.max(0, text.lastIndexOf(' ')));
    return tail.startsWith(' ') && PATTERNS.some((pattern) => pattern.startsWith(tail) || tail.startsWith(pattern));
  },
};
