// Pairs of texts, a question and the text that answers it, as token windows. No model here.
import type { EncodedText, TextCodec, TokenBatch } from '@heddle/attention';
import { ArgumentError } from '@heddle/tensor';

/** Two texts as tokens of one row. Columns are of one length. */
export interface EncodedPair extends EncodedText {
  readonly typeIds: readonly number[];
  /** Which of the two texts each token is from; null for those that were added. */
  readonly sequenceIds: readonly (number | null)[];
  /** Further windows over the second text, where it was cut. */
  readonly overflowing: readonly EncodedPair[];
}

/** A tokenizer that encodes pairs, cutting the second text into windows: `@heddle/tokenizer`'s `Tokenizer` fits. */
export interface PairCodec extends TextCodec {
  encode(
    text: string,
    options?: Parameters<TextCodec['encode']>[1] & {
      readonly pair?: string;
      readonly truncation?: {
        readonly maxLength: number;
        readonly stride: number;
        readonly strategy: 'onlyFirst' | 'onlySecond';
      };
    },
  ): EncodedPair;
}

/** The windows of a pair: one where both texts fit, else several that overlap. */
export function pairWindows(
  tokenizer: PairCodec,
  first: string,
  second: string,
  { maxLength, stride: said }: { readonly maxLength: number; readonly stride: number | undefined },
): readonly EncodedPair[] {
  const room = maxLength - tokenizer.encode(first, { pair: '' }).ids.length;
  const usual = Math.min(maxLength >> 1, 128);
  const stride = said ?? (usual < room ? usual : Math.max(0, room >> 1));
  if (room <= stride)
    throw new ArgumentError(
      'SpanClassifier',
      'question',
      `room for more than stride = ${stride} tokens of the context beside the question, in ${maxLength} tokens`,
      `room for ${Math.max(0, room)}`,
    );
  const whole = tokenizer.encode(first, { pair: second, truncation: { maxLength, stride, strategy: 'onlySecond' } });
  return [whole, ...whole.overflowing];
}

/** Rows filled up on the right to one length. */
export function pairBatch(rows: readonly EncodedPair[], padId: number): TokenBatch {
  const T = Math.max(1, ...rows.map(({ ids }) => ids.length));
  const ids = new Int32Array(rows.length * T).fill(padId);
  const mask = new Int32Array(ids.length);
  const typeIds = new Int32Array(ids.length);
  rows.forEach((row, i) => {
    ids.set(row.ids, i * T);
    typeIds.set(row.typeIds, i * T);
    mask.fill(1, i * T, i * T + row.ids.length);
  });
  return { ids, mask, typeIds, shape: [rows.length, T] };
}

/** The tokens of the second text that characters `[start, end)` of it lie in; null where the window lacks some of them. */
export function tokensOf(
  { offsets, sequenceIds }: EncodedPair,
  [start, end]: readonly [number, number],
): readonly [first: number, last: number] | null {
  const holds = (at: number): number =>
    offsets.findIndex(([from, to], i) => sequenceIds[i] === 1 && from <= at && at < to);
  const [first, last] = [holds(start), holds(end - 1)];
  return first < 0 || last < 0 ? null : [first, last];
}
