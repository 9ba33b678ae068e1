// One text through normaliser, pre-tokeniser and model, exactly as the reference does it, offsets and all.
// This path favours clarity; `fast/` holds the quick ones, which are tested against it.
import type { AddedTokens, TokenMatcher } from './added-tokens';
import type { Decoder } from './decoders/decoder';
import { Encoding, type EncodingColumns, type Offset } from './encoding';
import type { Model } from './models/model';
import { TokenSink } from './models/token-sink';
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
  for (const segment of matchers.raw.split(text)) {
    const piece = whole.slice(segment.start, segment.end);
    if (segment.token !== undefined) {
      words.push({ piece, added: segment.token.id });
      continue;
    }
    parts.normalizer?.apply(piece);
    for (const inner of matchers.normalized.split(piece.text)) {
      const part = piece.slice(inner.start, inner.end);
      if (inner.token !== undefined) words.push({ piece: part, added: inner.token.id });
      else if (parts.preTokenizer === undefined) words.push({ piece: part, added: undefined });
      else for (const word of parts.preTokenizer.apply(part)) words.push({ piece: word, added: undefined });
    }
  }
  return words;
}

const sink = new TokenSink();

/** Encodes one text without special tokens. `wordId` is for input that comes already cut into words. */
export function encodeText(
  text: string,
  parts: Components,
  matchers: Matchers,
  options: { readonly typeId: number; readonly wordId?: number | undefined },
): Encoding {
  const columns: EncodingColumns = {
    ids: [],
    tokens: [],
    typeIds: [],
    offsets: [],
    wordIds: [],
    specialTokensMask: [],
    attentionMask: [],
  };
  const { model } = parts;
  const push = (id: number, token: string, offset: Offset, wordId: number): void => {
    columns.ids.push(id);
    columns.tokens.push(token);
    columns.typeIds.push(options.typeId);
    columns.offsets.push(offset);
    columns.wordIds.push(options.wordId ?? wordId);
    columns.specialTokensMask.push(0);
    columns.attentionMask.push(1);
  };
  const rangeOf = (piece: NormalizedString, start: number, end: number): Offset =>
    start === end ? [piece.shift + start, piece.shift + end] : [piece.startOf(start), piece.endOf(end - 1)];
  for (const [index, { piece, added }] of toWords(text, parts, matchers).entries()) {
    if (added !== undefined) {
      push(added, piece.text, rangeOf(piece, 0, piece.text.length), index);
      continue;
    }
    sink.length = 0;
    model.tokenize(piece.text, sink);
    for (let i = 0; i < sink.length; i++) {
      const id = sink.ids[i] as number;
      const start = sink.starts[i] as number;
      const end = sink.ends[i] as number;
      const token = model.unknownSpelling === id ? piece.text.slice(start, end) : (model.vocab.tokenOf(id) ?? '');
      push(id, token, rangeOf(piece, start, end), index);
    }
  }
  return new Encoding(columns);
}
