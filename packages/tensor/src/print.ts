// Showing contents to a person. Reading is asynchronous, so this is too.
import { requireTensor } from './lifetime';
import type { AnyTensor } from './tensor';

/** At most this many entries at each end of an axis. */
const EDGE = 3;

/**
 * Writes a tensor's shape and contents to the console; long axes show their ends.
 *
 * @example
 * ```ts
 * import { init, print, tensor } from '@heddle/tensor';
 * await init();
 * await print(tensor([[1, 2], [3, 4]]));
 * ```
 */
export async function print(t: AnyTensor): Promise<void> {
  requireTensor('print', 't', t);
  const data = await t.data();
  console.log(`${t.toString()}\n${rows(Array.from(data), t.shape, 0, '')}`);
}

function rows(data: readonly number[], shape: readonly number[], at: number, indent: string): string {
  if (shape.length === 0) return number(data[at]);
  const [count, ...inner] = shape;
  const size = inner.reduce((a, b) => a * b, 1);
  const shown = Array.from({ length: count }, (_, i) => i).filter((i) => i < EDGE || i >= count - EDGE);
  const parts = shown.map((i) => rows(data, inner, at + i * size, `${indent} `));
  if (shown.length < count) parts.splice(EDGE, 0, '…');
  return inner.length === 0 ? `[${parts.join(', ')}]` : `[${parts.join(`,\n${indent} `)}]`;
}

function number(x: number): string {
  return Number.isInteger(x) ? String(x) : x.toPrecision(5);
}
