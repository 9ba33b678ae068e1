// One text through normaliser, pre-tokeniser and model, exactly as the reference does it, offsets and all.
// This path favours clarity; `fast/` holds the quick ones, which are tested against it.
import type { AddedToken, AddedTokens, TokenMatcher } from './added-tokens';
import type { Decoder } from './decoders/decoder';
import { Encoding, type EncodingColumns } from './encoding';
import type { FastEncoder } from './fast/fast-encoder';
import type { Model } from './models/model';
import type { TokenSink } from './models/token-sink';
import type { Normalizer } from './normalizers/normalizer';
import type { PostProcessor } from './post-processors/post-processor';
import type { PreTokenizer } from './pre-tokenizers/pre-tokenizer';
import { NormalizedString } from './text/normalized-string';

/** The parts of a tokenizer. Only the model must be there. */
export interface Components {
  readonly normalizer: Normalizer | undefined;
  readonly preTokenizer: PreTokenizer | undefined;
  readonly model: Model;
  readonly postProcessor: PostProcessor | undefined;
  readonly decoder: Decoder | undefined;
  readonly added: AddedTokens;
}

/** Which added tokens are looked for. */
export interface Matchers {
  readonly raw: TokenMatcher;
  readonly normalized: TokenMatcher;
  /** Those that are found, so that nothing shorter is, but then left as text. */
  readonly skip?: ((token: AddedToken) => boolean) | undefined;
}

/** A word for the model, or an added token. */
export interface Word {
  readonly piece: NormalizedString;
  /** Id of the added token that this is. */
  readonly added: number | undefined;
}

/** Cuts a text into words and added tokens. */
export function toWords(text: string, parts: Components, matchers: Matchers): Word[] {
  const words: Word[] = [];
  const whole = new NormalizedString(text);
  for (const segment of matchers.raw.split(text, matchers.skip)) {
    const piece = whole.slice(segment.start, segment.end);
    if (segment.token !== undefined) {
      words.push({ piece, added: segment.token.id });
      continue;
    }
    parts.normalizer?.apply(piece);
    for (const inner of matchers.normalized.split(piece.text, matchers.skip)) {
      const part = piece.slice(inner.start, inner.end);
      if (inner.token !== undefined) words.push({ piece: part, added: inner.token.id });
      else if (parts.preTokenizer === undefined) words.push({ piece: part, added: undefined });
      else for (const word of parts.preTokenizer.apply(part)) words.push({ piece: word, added: undefined });
    }
  }
  return words;
}

/** Appends the tokens of a text, the exact way. Ranges are in the text's own UTF-16 units. */
export function encodeExactly(text: string, parts: Components, matchers: Matchers, sink: TokenSink): void {
  const { model } = parts;
  for (const { piece, added } of toWords(text, parts, matchers)) {
    const first = sink.length;
    if (added === undefined) model.tokenize(piece.text, sink);
    else sink.push(added, 0, piece.text.length);
    const { ids, ranges, spellings } = sink;
    for (let i = first; sink.ranged && i < sink.length; i++) {
      const start = ranges[2 * i] as number;
      const end = ranges[2 * i + 1] as number;
      if (sink.worded && (added !== undefined || ids[i] === model.unknownSpelling))
        spellings.set(i, piece.text.slice(start, end));
      ranges[2 * i] = start === end ? piece.shift + start : piece.startOf(start);
      ranges[2 * i + 1] = start === end ? piece.shift + end : piece.endOf(end - 1);
    }
    sink.word++;
  }
}

/** Appends the tokens of a text, by the quick path where there is one and it does not decline. */
export function encodeInto(
  text: string,
  parts: Components,
  fast: FastEncoder | undefined,
  matchers: Matchers,
  sink: TokenSink,
): void {
  const { length, word } = sink;
  if (fast?.accepts(text) && encodeFast(text, parts, fast, matchers, sink)) return;
  sink.length = length;
  sink.word = word;
  sink.spellings.clear();
  encodeExactly(text, parts, matchers, sink);
}

function encodeFast(text: string, parts: Components, fast: FastEncoder, matchers: Matchers, sink: TokenSink): boolean {
  // Tokens that are looked for in normalised text need that text, unless nothing normalises.
  if (!matchers.normalized.isEmpty && parts.normalizer !== undefined) return false;
  return encodeAround(text, 0, text.length, matchers.raw, matchers.normalized, matchers.skip, fast, sink);
}

/** A stretch of a text, with tokens in it that are looked for before anything else: the outer ones, and between them the inner. */
function encodeAround(
  text: string,
  from: number,
  to: number,
  outer: TokenMatcher | undefined,
  inner: TokenMatcher | undefined,
  skip: Matchers['skip'],
  fast: FastEncoder,
  sink: TokenSink,
): boolean {
  if (outer === undefined) return fast.encode(text, from, to, sink);
  if (!outer.mayMatch(text)) return encodeAround(text, from, to, inner, undefined, skip, fast, sink);
  for (const segment of outer.split(text.slice(from, to), skip)) {
    const start = from + segment.start;
    const end = from + segment.end;
    if (segment.token !== undefined) {
      if (sink.worded) sink.spellings.set(sink.length, text.slice(start, end));
      sink.push(segment.token.id, start, end);
      sink.word++;
    } else if (!encodeAround(text, start, end, inner, undefined, skip, fast, sink)) return false;
  }
  return true;
}

/** Reads a sink's tokens as an encoding of one sequence. */
export function toEncoding(sink: TokenSink, parts: Components, typeId: number, wordId: number | undefined): Encoding {
  const n = sink.length;
  const columns: EncodingColumns = {
    ids: new Array(n),
    tokens: new Array(n),
    typeIds: new Array(n).fill(typeId),
    offsets: new Array(n),
    wordIds: new Array(n),
    specialTokensMask: new Array(n).fill(0),
    attentionMask: new Array(n).fill(1),
  };
  const { vocab } = parts.model;
  for (let i = 0; i < n; i++) {
    const id = sink.ids[i] as number;
    columns.ids[i] = id;
    columns.tokens[i] = vocab.tokenOf(id) ?? '';
    columns.offsets[i] = [sink.ranges[2 * i] as number, sink.ranges[2 * i + 1] as number];
    columns.wordIds[i] = wordId ?? (sink.words[i] as number);
  }
  for (const [i, text] of sink.spellings) columns.tokens[i] = text;
  return new Encoding(columns);
}
