// Columns of numbers that grow.

type Column = Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/** A column that begins with what this one holds, by default twice as long. */
export function longer<T extends Column>(column: T, length = 2 * column.length): T {
  const next = new (column.constructor as new (length: number) => T)(length);
  next.set(column);
  return next;
}
