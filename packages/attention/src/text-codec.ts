// What a model wants from a tokenizer. A structural type: @heddle/tokenizer's `Tokenizer` fits without being imported.

/** Rows of ids of one length, padded: flat arrays of `[B, T]`. */
export interface TokenBatch {
  /** Token ids, `[B, T]`. */
  readonly ids: Int32Array;
  /** 1 for tokens, 0 for padding, `[B, T]`. */
  readonly mask: Int32Array;
  /** Sequence of a pair that each token belongs to, `[B, T]`. */
  readonly typeIds?: Int32Array | undefined;
  readonly shape: readonly [batch: number, length: number];
}

/** One text as tokens. Columns are of one length. */
export interface EncodedText {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  /** Where each token stands in the text; `[0, 0]` for those that were added. */
  readonly offsets: readonly (readonly [start: number, end: number])[];
  /** The word that each token is of; null for those that were added. */
  readonly wordIds?: readonly (number | null)[] | undefined;
}

/** How texts are cut and filled up. */
export interface CodecOptions {
  readonly maxLength?: number | undefined;
  readonly addSpecialTokens?: boolean;
}

/** Text to ids and back. */
export interface TextCodec {
  /** One more than the highest id. */
  readonly vocabSize: number;
  readonly padId?: number | undefined;
  readonly bosId?: number | undefined;
  readonly eosId?: number | undefined;
  encode(text: string, options?: CodecOptions): EncodedText;
  encodeBatch(
    texts: readonly string[],
    options?: CodecOptions & {
      readonly padding?: boolean;
      readonly paddingSide?: 'left' | 'right';
      /** The second text of each row, where rows are pairs. */
      readonly pairs?: readonly string[];
    },
  ): TokenBatch;
  decode(ids: ArrayLike<number>, options?: { readonly skipSpecialTokens?: boolean }): string;
  /** The content of a tokenizer.json. */
  toJSON(): object;
}
