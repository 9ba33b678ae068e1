// Building safetensors files by hand, right and wrong ones.

/** A file from a header object (or its text) and data. */
export function fileOf(
  header: object | string | Uint8Array,
  data: Uint8Array = new Uint8Array(0),
  claimed?: bigint,
): Uint8Array {
  const text = typeof header === 'object' && !(header instanceof Uint8Array) ? JSON.stringify(header) : header;
  const json = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const out = new Uint8Array(8 + json.length + data.length);
  new DataView(out.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  out.set(json, 8);
  out.set(data, 8 + json.length);
  return out;
}

/** Header entry of a float32 tensor at an offset. */
export function f32(shape: readonly number[], begin: number): object {
  return { dtype: 'F32', shape, data_offsets: [begin, begin + 4 * shape.reduce((a, b) => a * b, 1)] };
}
