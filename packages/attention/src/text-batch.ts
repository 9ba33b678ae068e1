// A batch of texts as it reaches a model: checked once, at the door, and put on the backend.

import { type AnyTensor, ArgumentError, IndexError, ShapeError, type Tensor, tensor } from '@heddle/tensor';
import type { TokenBatch } from './text-codec';

/** A batch as the tokenizer gives it, or as tensors `[B, T]`. */
export type TextBatch =
  | TokenBatch
  | {
      readonly ids: Tensor<'int32'>;
      /** Which tokens are real: all where nothing is said. */
      readonly mask?: AnyTensor | undefined;
      readonly typeIds?: Tensor<'int32'> | undefined;
    };

/** A batch as models compute with it. */
export interface BatchTensors {
  readonly ids: Tensor<'int32'>; // [B, T]
  /** Undefined where there is no padding. */
  readonly mask: Tensor<'bool'> | undefined; // [B, T]
  readonly typeIds: Tensor<'int32'> | undefined; // [B, T]
  /** Place of each token in its row, `[B, T]`, where padding on the left shifts it. */
  readonly positions: Int32Array | undefined;
}

/** What ids must fit into. */
export interface BatchLimits {
  readonly vocabSize: number;
  readonly maxLength: number;
}

/** Checks a batch and makes tensors of it. */
export function batchTensors(owner: string, batch: TextBatch, limits: BatchLimits): BatchTensors {
  if (typeof batch !== 'object' || batch === null || !('ids' in batch)) {
    const expected = 'what encodeBatch gives, or { ids } with a tensor [batch, tokens]';
    throw new ArgumentError(owner, 'batch', expected, Array.isArray(batch) ? 'a list' : typeof batch);
  }
  return 'shape' in batch ? fromHost(owner, batch, limits) : fromTensors(owner, batch, limits);
}

function fromTensors(owner: string, batch: Exclude<TextBatch, TokenBatch>, limits: BatchLimits): BatchTensors {
  const { ids, mask, typeIds } = batch;
  if (ids.rank !== 2) throw new ShapeError(owner, 'ids', '[batch, tokens]', `[${ids.shape.join(', ')}]`);
  requireLength(owner, ids.shape[1], limits.maxLength);
  for (const [name, t] of [
    ['mask', mask],
    ['typeIds', typeIds],
  ] as const) {
    if (t !== undefined && (t.rank !== 2 || t.shape[0] !== ids.shape[0] || t.shape[1] !== ids.shape[1]))
      throw new ShapeError(owner, name, `[${ids.shape.join(', ')}]`, `[${t.shape.join(', ')}]`);
  }
  return { ids, mask: mask?.cast('bool'), typeIds, positions: undefined };
}

function fromHost(owner: string, batch: TokenBatch, { vocabSize, maxLength }: BatchLimits): BatchTensors {
  const [B, T] = batch.shape;
  for (const name of ['ids', 'mask', 'typeIds'] as const) {
    const column = batch[name];
    if (!(column instanceof Int32Array) && !(name === 'typeIds' && column === undefined))
      throw new ArgumentError(owner, name, 'an Int32Array', Array.isArray(column) ? 'a list' : typeof column);
    if (column !== undefined && column.length !== B * T)
      throw new ShapeError(owner, name, `${B} × ${T} elements`, String(column.length));
  }
  requireLength(owner, T, maxLength);
  // Rows without a single token become one token of padding, so that there is something to pool.
  if (T === 0)
    return fromHost(
      owner,
      { ids: new Int32Array(B), mask: new Int32Array(B), shape: [B, 1] },
      { vocabSize, maxLength },
    );
  const strange = batch.ids.find((id) => id < 0 || id >= vocabSize);
  if (strange !== undefined)
    throw new IndexError(
      owner,
      'ids',
      `ids below the vocabulary's ${vocabSize}: is it another tokenizer's?`,
      String(strange),
    );
  const shape = [B, T];
  return {
    ids: tensor(batch.ids, { shape }),
    mask: batch.mask.includes(0) ? tensor(batch.mask, { shape }).cast('bool') : undefined,
    typeIds: batch.typeIds === undefined ? undefined : tensor(batch.typeIds, { shape }),
    positions: leftPadded(batch.mask, T) ? realPositions(batch.mask, T) : undefined,
  };
}

function leftPadded(mask: Int32Array, T: number): boolean {
  for (let row = 0; row < mask.length; row += T)
    if (mask[row] === 0 && mask.subarray(row, row + T).includes(1)) return true;
  return false;
}

/** Counts real tokens only: what stands behind padding begins at position zero. */
export function realPositions(mask: Int32Array, T: number): Int32Array {
  let seen = 0;
  return mask.map((real, i) => {
    if (i % T === 0) seen = 0;
    seen += real === 0 ? 0 : 1;
    return Math.max(seen - 1, 0);
  });
}

function requireLength(owner: string, tokens: number, maxLength: number): void {
  if (tokens > maxLength)
    throw new ArgumentError(
      owner,
      'ids',
      `at most maxLength = ${maxLength} tokens: encode with { maxLength }`,
      String(tokens),
    );
}
