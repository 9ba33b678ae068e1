// Long texts cut in the middle. What a mail wants stands at its beginning, and what gives it away (how to be removed,
// who sent it) at its end; Sun et al. 2019 found the same for film reviews.
import type { Tokenizer } from '@heddle/tokenizer';

/** Tokens to keep from either end. */
export interface CondenseOptions {
  readonly maxLength: number;
  /** Share of the tokens that come from the end. 0 keeps the beginning alone. */
  readonly tail: number;
}

/** Special tokens and the joint between the two pieces need room of their own. */
const RESERVED = 4;

/** Characters that no token window in use here can outgrow; the middle beyond them need not be tokenized. */
const FAR = 40;

/** The text as it is where it fits, else its beginning and its end, cut between words. */
export function condense(text: string, tokenizer: Tokenizer, { maxLength, tail }: CondenseOptions): string {
  const room = maxLength - RESERVED;
  const fromEnd = Math.floor(room * tail);
  const fromStart = room - fromEnd;
  const reach = FAR * maxLength;
  const isHuge = text.length > 2 * reach;
  const whole = isHuge ? `${text.slice(0, reach)}\n${text.slice(-reach)}` : text;
  const offsets = tokenizer.encode(whole, { addSpecialTokens: false }).offsets;
  if (offsets.length <= room) return whole;
  const beginning = upToWord(whole, offsets[fromStart][0]);
  if (fromEnd === 0) return beginning;
  return `${beginning}\n${fromWord(whole, offsets[offsets.length - fromEnd][0])}`;
}

function upToWord(text: string, end: number): string {
  const cut = text.slice(0, end);
  return /\S/.test(text[end] ?? ' ') ? cut.replace(/\S{1,30}$/, '').trimEnd() || cut : cut.trimEnd();
}

function fromWord(text: string, start: number): string {
  const cut = text.slice(start);
  return /\S/.test(text[start - 1] ?? ' ') ? cut.replace(/^\S{1,30}/, '').trimStart() || cut : cut;
}
