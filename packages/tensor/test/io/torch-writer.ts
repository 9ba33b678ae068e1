// Writes what torch.save writes of float32 tensors, as large as a test wants them: a zip archive without compression.

const text = (s: string): Uint8Array => new TextEncoder().encode(s);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => {
    out.set(part, at);
    return at + part.length;
  }, 0);
  return out;
}

/** Little-endian numbers: `[bytes, value]` each. */
function numbers(...fields: readonly (readonly [bytes: 2 | 4, value: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  fields.reduce((at, [bytes, value]) => {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    return at + bytes;
  }, 0);
  return new Uint8Array(view.buffer);
}

/** The pickle of a dictionary of dense tensors: opcodes of protocol 2. */
function pickleOf(shapes: ReadonlyMap<string, readonly number[]>): Uint8Array {
  const string = (s: string): Uint8Array => joined([text('X'), numbers([4, text(s).length]), text(s)]);
  const int = (n: number): Uint8Array => joined([text('J'), numbers([4, n])]);
  const tuple = (...parts: readonly Uint8Array[]): Uint8Array => joined([text('('), ...parts, text('t')]);
  const items = [...shapes].flatMap(([name, shape], i) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    const storage = tuple(
      string('storage'),
      text('ctorch\nFloatStorage\n'),
      string(String(i)),
      string('cpu'),
      int(size),
    );
    const hooks = text('ccollections\nOrderedDict\n)R');
    const parts = [joined([storage, text('Q')]), int(0), tuple(...shape.map(int)), tuple(...strides.map(int))];
    const tensor = tuple(...parts, Uint8Array.of(0x89), hooks);
    return [string(name), text('ctorch._utils\n_rebuild_tensor_v2\n'), tensor, text('R')];
  });
  return joined([Uint8Array.of(0x80, 2), text('}('), ...items, text('u.')]);
}

/** The parts of a file, to be written one after the other: `fill` makes the elements of a tensor. */
export function* torchFile(
  shapes: ReadonlyMap<string, readonly number[]>,
  fill: (size: number) => Float32Array,
): Generator<Uint8Array> {
  const names = ['archive/data.pkl', ...[...shapes.keys()].map((_, i) => `archive/data/${i}`)];
  const bytesOf = (i: number): Uint8Array => {
    if (i === 0) return pickleOf(shapes);
    return new Uint8Array(fill([...shapes.values()][i - 1].reduce((a, b) => a * b, 1)).buffer);
  };
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const [i, name] of names.entries()) {
    const data = bytesOf(i);
    // Version, flags, method, time, date, checksum (nobody reads it), sizes, lengths of the name and of what follows it.
    const common = [
      [2, 10],
      [2, 0],
      [2, 0],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, data.length],
      [4, data.length],
    ] as const;
    const own = [...common, [2, name.length], [2, 0]] as const;
    yield joined([numbers([4, 0x04034b50], ...own), text(name)]);
    yield data;
    const place = [
      [2, 0],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, at],
    ] as const;
    directory.push(joined([numbers([4, 0x02014b50], [2, 10], ...own, ...place), text(name)]));
    at += 30 + name.length + data.length;
  }
  const listed = joined(directory);
  const count = names.length;
  yield listed;
  yield numbers([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, listed.length], [4, at], [2, 0]);
}
