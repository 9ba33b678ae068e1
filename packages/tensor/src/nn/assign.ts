// Writing into parameters and buffers: the only public way to change a tensor.
import { ArgumentError } from '../errors';
import { requireTensor, scope } from '../lifetime';
import { assertComputed } from '../op';
import { contiguous } from '../ops/views';
import { noGrad } from '../recording';
import { sameShape, show } from '../shape';
import type { AnyTensor } from '../tensor';

/**
 * Copies the values of `src` into `dst`, which keeps its storage. Both may be views of one.
 *
 * @throws {ArgumentError} where shape or dtype differ.
 */
export function assign(dst: AnyTensor, src: AnyTensor): void {
  requireTensor('assign', 'dst', dst);
  requireTensor('assign', 'src', src);
  if (!sameShape(dst.shape, src.shape))
    throw new ArgumentError('assign', 'src', `shape ${show(dst.shape)}`, show(src.shape));
  if (dst.dtype !== src.dtype) throw new ArgumentError('assign', 'src', `dtype ${dst.dtype}`, src.dtype);
  assertComputed([dst, src]);
  if (src.storage !== dst.storage) {
    dst.storage.backend.inPlace.copyInto(dst, src);
    return;
  }
  // Two views of one storage: what is read last may have been written before.
  scope(() => {
    const values = noGrad(() => contiguous(src, { copy: true }));
    assertComputed([values]);
    dst.storage.backend.inPlace.copyInto(dst, values);
  });
}
