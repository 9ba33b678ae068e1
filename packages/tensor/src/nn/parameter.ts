// Parameters and buffers: the tensors that belong to a module.
import { Group, keep } from '../lifetime';
import { requireDType, requireOptions } from '../ops/rules';
import { type AnyTensor, Tensor } from '../tensor';

/**
 * A tensor that is trained. It takes over the tensor that it is made from and lives until it is disposed or collected.
 *
 * @example
 * ```ts
 * import { init, zeros } from '@heddle/tensor';
 * import { Parameter } from '@heddle/tensor/nn';
 * await init();
 * const bias = new Parameter(zeros([8]));
 * console.log(bias.requiresGrad); // true
 * ```
 */
export class Parameter extends Tensor {
  constructor(from: Tensor) {
    requireDType('Parameter', 'from', from, 'float32');
    const values = from.detach();
    super(values.storage, values.shape, values.strides, values.offset, 'float32', 'parameter');
    values.storage.retain();
    values.dispose();
    from.dispose();
    this.requireGrad();
    this.join(new Group(1));
    this.keep();
  }
}

const persistence = new WeakMap<AnyTensor, boolean>();

/** Whether a buffer is written to checkpoints. */
export interface BufferOptions {
  /** False for what can be computed again, such as position tables. True where nothing is said. */
  readonly persistent?: boolean;
}

/** Marks a tensor as part of a module that isn't trained: running means, position tables. It is kept. */
export function buffer<T extends AnyTensor>(t: T, options: BufferOptions = {}): T {
  const { persistent = true } = requireOptions('buffer', options);
  keep(t);
  persistence.set(t, persistent);
  return t;
}

/** Whether a tensor was marked as a buffer, and if so whether checkpoints hold it. */
export function bufferKind(t: AnyTensor): 'persistent' | 'transient' | null {
  const persistent = persistence.get(t);
  return persistent === undefined ? null : persistent ? 'persistent' : 'transient';
}
