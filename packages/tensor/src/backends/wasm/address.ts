// Where a tensor's first element lies in linear memory: the one place that knows what this backend's buffers are.
import type { AnyTensor } from '../../tensor';

/** Byte address of a tensor's first element. */
export function addressOf(t: AnyTensor): number {
  return (t.storage.buffer as number) + t.offset * 4;
}
