// A layer that keeps nothing but its inputs, and computes the rest again when its gradients are asked for.
import { type AnyTensor, checkpoint, type Tensor, tensor, where } from '@heddle/tensor';
import type { Module } from '@heddle/tensor/nn';
import type { DecoderLayerOptions } from './decoder-layer';

/** Calls a layer so that only its inputs are kept. Masks become inputs too: they must outlive the forward pass. */
export function callCheckpointed(
  layer: Module & { forward(x: Tensor, options: DecoderLayerOptions): Tensor },
  x: Tensor,
  options: DecoderLayerOptions,
): Tensor {
  const { mask, memory, memoryPaddingMask, ...rest } = options;
  const given: readonly (Tensor | undefined)[] = [
    mask === undefined ? undefined : added(mask),
    memory,
    memoryPaddingMask?.cast('float32'),
  ];
  const present = given.filter((t) => t !== undefined);
  return checkpoint(
    (h, ...inputs) => {
      const next = inputs.values();
      const [ownMask, ownMemory, ownPadding] = given.map((t) => (t === undefined ? undefined : next.next().value));
      return layer.forward(h, { ...rest, mask: ownMask, memory: ownMemory, memoryPaddingMask: ownPadding });
    },
    [x, ...present],
  );
}

/** A mask as what is added to the scores. */
function added(mask: AnyTensor): Tensor {
  return mask.dtype === 'float32'
    ? mask.cast('float32')
    : where(mask.cast('bool'), tensor(0), Number.NEGATIVE_INFINITY);
}
