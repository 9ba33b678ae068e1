// What the trainer needs of a tokenizer. @heddle/tokenizer fulfils it without being imported.

/** Texts as token ids, padded to one length. */
export interface EncodedTexts {
  /** Token ids, `[B, T]`. */
  readonly ids: Int32Array;
  /** 1 for tokens, 0 for padding, `[B, T]`. */
  readonly mask: Int32Array;
  /** Tokens of each row without its padding, `[B]`. */
  readonly lengths: Int32Array;
  /** Which text of a pair each token is of, `[B, T]`; the first where nothing is said. */
  readonly typeIds?: Int32Array | undefined;
  readonly shape: readonly [batch: number, length: number];
}

/** Turns texts into token ids. */
export interface TextCodec {
  encodeBatch(
    texts: readonly string[],
    options: {
      readonly padding: true;
      readonly maxLength?: number;
      /** The second text of each row, where rows are pairs. */
      readonly pairs?: readonly string[];
    },
  ): EncodedTexts;
  /** The id that pads; 0 where nothing is said. The mask leaves it out. */
  readonly padId?: number | undefined;
}
