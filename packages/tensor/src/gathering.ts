// Gradients that add up: in place where nobody else sees the buffer. Which ones do is the walk's to say.
import { watchTogether } from './lifetime';
import { add } from './ops/arithmetic';
import { contiguous } from './ops/views';
import type { AnyTensor, Tensor } from './tensor';

/** The sum of what a node has gathered and one more gradient, held outside the scope. */
export function gathered(before: Tensor | null, g: Tensor, createGraph: boolean): Tensor {
  if (before === null) return g.alias();
  if (!createGraph && isOwned(before) && before.storage.error === null && g.storage.error === null) {
    before.storage.backend.inPlace.addInto(before, g);
    return before;
  }
  return replace(before, add(before, g));
}

/** Lets `before` go and holds `next` instead. */
function replace(before: Tensor, next: Tensor): Tensor {
  before.dispose();
  return next.alias();
}

/** True where nobody else sees the tensor's buffer, so that it may be written into. */
function isOwned(t: AnyTensor): boolean {
  return t.storage.refs === 1 && t.contiguous && t.size * 4 === t.storage.bytes;
}

/** Adds a gradient to a leaf's. */
export function accumulate(leaf: AnyTensor, g: Tensor, createGraph: boolean): void {
  const before = leaf.grad;
  if (before === null)
    leaf.grad =
      createGraph || isOwned(g) || g.storage.error !== null ? g.alias() : contiguous(g, { copy: true }).alias();
  else if (createGraph || g.storage.error !== null || before.storage.error !== null || !isOwned(before)) {
    leaf.grad = replace(before, add(before, g));
  } else {
    before.storage.backend.inPlace.addInto(before, g);
    return;
  }
  watchTogether(leaf.grad);
}
