// Integer tensors that came from the host: checked and sorted there, before a kernel sees them.
import { IndexError } from '../../errors';
import type { AnyTensor } from '../../tensor';

/** Positions in storage of a tensor's elements, in row-major order. */
function hostValues(t: AnyTensor): Int32Array | null {
  const { host } = t.storage;
  if (host === null) return null;
  if (t.contiguous) return host.subarray(t.offset, t.offset + t.size);
  const out = new Int32Array(t.size);
  for (let i = 0; i < t.size; i++) {
    let rest = i;
    let at = t.offset;
    for (let axis = t.rank - 1; axis >= 0; axis--) {
      at += (rest % t.shape[axis]) * t.strides[axis];
      rest = Math.floor(rest / t.shape[axis]);
    }
    out[i] = host[at];
  }
  return out;
}

const ranges = new WeakMap<Int32Array, readonly [number, number]>();

function rangeOf(host: Int32Array): readonly [number, number] {
  const known = ranges.get(host);
  if (known !== undefined) return known;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const id of host) {
    if (id < low) low = id;
    if (id > high) high = id;
  }
  ranges.set(host, [low, high]);
  return [low, high];
}

/**
 * Checks that ids lie in `[0, size)` where the host knows them. Those that only the device knows aren't checked: kernels
 * give NaN for such an element.
 *
 * @throws {IndexError} where one doesn't.
 */
export function requireIds(op: string, index: AnyTensor, size: number, ignored?: number): void {
  const { host } = index.storage;
  if (host === null || index.size === 0) return;
  const [low, high] = rangeOf(host);
  if (low >= 0 && high < size) return;
  // The storage holds others than this view shows, or ids to be ignored.
  for (const id of hostValues(index) ?? []) {
    if ((id < 0 || id >= size) && id !== ignored) {
      throw new IndexError(op, 'index', `indices in [0, ${size - 1}]`, String(id));
    }
  }
}

/** Which places hold each id: `order[starts[id] … starts[id + 1]]`. */
export interface Places {
  readonly starts: Float32Array;
  readonly order: Float32Array;
}

/** Places by id, or null where the host doesn't know the ids. Those equal to `skipped` are left out. */
export function placesOf(index: AnyTensor, size: number, skipped: number | null = null): Places | null {
  const ids = hostValues(index);
  if (ids === null) return null;
  const counts = new Int32Array(size + 1);
  for (const id of ids) if (id !== skipped) counts[id + 1]++;
  for (let id = 0; id < size; id++) counts[id + 1] += counts[id];
  const starts = Float32Array.from(counts);
  const order = new Float32Array(counts[size]);
  for (let i = 0; i < ids.length; i++) if (ids[i] !== skipped) order[counts[ids[i]]++] = i;
  return { starts, order };
}
