// The three element types and what a host array of each looks like. Every element takes four bytes on a device.

import { DTypeError } from './errors';

/** Element types. `bool` is stored as 0 or 1. */
export type DType = 'float32' | 'int32' | 'bool';

/** The host array that holds elements of each dtype. */
export interface HostArrays {
  float32: Float32Array;
  int32: Int32Array;
  bool: Uint8Array;
}

/** Any host array a tensor can be made from or read into. */
export type HostArray = HostArrays[DType];

/** Whether elements of a dtype can be this number. */
export function fitsDType(dtype: DType, value: number): boolean {
  if (dtype === 'bool') return value === 0 || value === 1;
  return dtype === 'float32' || value === (value | 0);
}

/** What to throw where numbers of int32 add up to none, which would come out as another number. */
export function sumTooGreat(op: string): DTypeError {
  return new DTypeError(op, 'x', 'int32 whose sums fit int32 (or float32, by cast)', 'greater ones');
}

/** Throws where a dtype is none. */
export function knownDType(op: string, dtype: DType): DType {
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool')
    throw new DTypeError(op, 'dtype', 'float32, int32 or bool', String(dtype));
  return dtype;
}

/** Bytes that one element takes on a device, for every dtype. */
export const BYTES_PER_ELEMENT = 4;
