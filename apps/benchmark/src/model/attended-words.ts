// Lays the weights of tokens over the words of the text they came from. No model here.
import type { WrongExample } from '../report/schema.js';

/** A token's place in the text (UTF-16 offsets, end exclusive) and its weight. Special tokens have no place. */
export interface WeighedToken {
  readonly start: number;
  readonly end: number;
  readonly weight: number;
}

/** Longer messages are cut after the last token, and here. */
const MOST_CHARACTERS = 1_500;

/** Splits the text into words and what stands between them; a word weighs as much as its tokens together. */
export function attendedWords(text: string, tokens: readonly WeighedToken[]): WrongExample['words'] {
  const placed = tokens.filter((token) => token.end > token.start);
  const total = placed.reduce((sum, token) => sum + token.weight, 0);
  const lastEnd = placed.reduce((end, token) => Math.max(end, token.end), 0);
  const shown = text.slice(0, Math.min(lastEnd, MOST_CHARACTERS));
  return Array.from(shown.matchAll(/\s+|\S+/g), ({ 0: word, index }) => {
    const inside = placed.filter((token) => token.start >= index && token.start < index + word.length);
    const weight = total === 0 || word.trim() === '' ? 0 : inside.reduce((sum, token) => sum + token.weight, 0) / total;
    return { text: word, weight: Math.min(1, weight) };
  });
}
