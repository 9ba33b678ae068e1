// The element types of safetensors files: how wide each is, and what it becomes here. No file is read.
import type { DType } from '../dtype';
import { widenBfloat16, widenFloat16 } from '../half';

/** Element types that are understood. */
export type FileDType =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL';

interface Row {
  readonly bytes: number;
  /** What the elements are once loaded. */
  readonly dtype: DType;
  /** False where not every bit pattern has a meaning or a place in `dtype`. */
  readonly total: boolean;
  /**
   * The first `count` elements of an aligned buffer, as a view of it or in `out`, which has four bytes for each. Throws a
   * `RangeError` for one that has no place.
   */
  readonly decode: (buffer: ArrayBuffer, count: number, out: ArrayBuffer) => Float32Array | Int32Array;
}

/** One row an element type. Files are little-endian, and so is every machine that runs JavaScript today. */
export const fileDTypes: Readonly<Record<FileDType, Row>> = {
  F64: float(8, (b, n, out) => filled(new Float32Array(out, 0, n), new Float64Array(b, 0, n))),
  F32: float(4, (b, n) => new Float32Array(b, 0, n)),
  F16: float(2, (b, n, out) => widenFloat16(new Uint16Array(b, 0, n), new Float32Array(out, 0, n))),
  BF16: float(2, (b, n, out) => widenBfloat16(new Uint16Array(b, 0, n), new Float32Array(out, 0, n))),
  I64: int(8, false, (b, n, out) => fit(new BigInt64Array(b, 0, n), new Int32Array(out, 0, n))),
  I32: int(4, true, (b, n) => new Int32Array(b, 0, n)),
  I16: int(2, true, (b, n, out) => filled(new Int32Array(out, 0, n), new Int16Array(b, 0, n))),
  I8: int(1, true, (b, n, out) => filled(new Int32Array(out, 0, n), new Int8Array(b, 0, n))),
  U64: int(8, false, (b, n, out) => fit(new BigUint64Array(b, 0, n), new Int32Array(out, 0, n))),
  U32: int(4, false, (b, n, out) => fit(new Uint32Array(b, 0, n), new Int32Array(out, 0, n))),
  U16: int(2, true, (b, n, out) => filled(new Int32Array(out, 0, n), new Uint16Array(b, 0, n))),
  U8: int(1, true, (b, n, out) => filled(new Int32Array(out, 0, n), new Uint8Array(b, 0, n))),
  BOOL: {
    bytes: 1,
    dtype: 'bool',
    total: false,
    decode: (b, n, out) => truths(new Uint8Array(b, 0, n), new Int32Array(out, 0, n)),
  },
};

function float(bytes: number, decode: Row['decode']): Row {
  return { bytes, dtype: 'float32', total: true, decode };
}

function int(bytes: number, total: boolean, decode: Row['decode']): Row {
  return { bytes, dtype: 'int32', total, decode };
}

function filled<T extends Float32Array | Int32Array>(out: T, values: ArrayLike<number>): T {
  out.set(values);
  return out;
}

function fit(values: BigInt64Array | BigUint64Array | Uint32Array, out: Int32Array): Int32Array {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value > 2 ** 31 - 1 || value < -(2 ** 31)) throw new RangeError(`${value} at ${i} does not fit int32`);
    out[i] = Number(value);
  }
  return out;
}

function truths(values: Uint8Array, out: Int32Array): Int32Array {
  const wrong = values.findIndex((value) => value > 1);
  if (wrong >= 0) throw new RangeError(`the byte ${values[wrong]} at ${wrong} is neither true nor false`);
  return filled(out, values);
}

/** True for the name of an element type that is understood. */
export function isFileDType(name: string): name is FileDType {
  return Object.hasOwn(fileDTypes, name);
}
