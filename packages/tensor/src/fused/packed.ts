// What the products with packed weights have in common: how many elements lie in a word, and what is refused.
import { BackendError, ShapeError } from '../errors';
import { requireTensor } from '../lifetime';
import { show } from '../shape';
import type { AnyTensor } from '../tensor';

/** What packed weights are. */
export type PackedFormat = 'int8' | HalfFormat;

/** The two floats of 16 bits. */
export type HalfFormat = 'bfloat16' | 'float16';

/** Weights that lie in one element of a tensor: every element takes four bytes on a device. */
export const ELEMENTS_PER_WORD: Readonly<Record<PackedFormat, number>> = { int8: 4, bfloat16: 2, float16: 2 };

/** Checks that words `[out, ⌈in / per word⌉]` fit x `[…, in]`; returns how many outputs there are. */
export function requirePacked(op: string, format: PackedFormat, x: AnyTensor, words: AnyTensor): number {
  const perWord = ELEMENTS_PER_WORD[format];
  if (words.rank !== 2) throw new ShapeError(op, 'words', `[out, in / ${perWord}]`, show(words.shape));
  const [outputs, perRow] = words.shape;
  if (x.rank === 0 || Math.ceil(x.shape[x.rank - 1] / perWord) !== perRow) {
    const expected = `a last axis of ${perWord * perRow} or up to ${perWord - 1} less`;
    throw new ShapeError(op, 'x', expected, `${show(x.shape)} with words ${show(words.shape)}`);
  }
  return outputs;
}

/** Refuses words on the GPU, whose numbers are floats: not every word would be exact. */
export function requireIntegers(op: string, words: AnyTensor): void {
  requireTensor(op, 'words', words);
  const { name } = words.storage.backend;
  if (name === 'gpu') throw new BackendError(name, `${op}: packed weights run on the wasm backend`);
}
