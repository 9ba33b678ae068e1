// Gradient checkpointing of whole models (Chen et al. 2016), turned on and off.
import type { Module } from '@heddle/tensor/nn';
import { Decoder, Encoder } from '../encoder';
import { requireModule, requireOptions } from '../errors';

/**
 * Turns it on or off for every stack of a model. It works while training; results and gradients stay the same, a step
 * takes about a third longer, and activations of one layer are alive instead of those of all.
 *
 * @returns how many stacks the model has
 * @example
 * ```ts
 * import { Gpt2, gpt2Config, gradientCheckpointing } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const model = new Gpt2(gpt2Config({ vocabSize: 50, dim: 16, layers: 2, heads: 2, maxLength: 16 }));
 * console.log(gradientCheckpointing(model)); // 1
 * ```
 */
export function gradientCheckpointing(model: Module, options: { readonly enabled?: boolean } = {}): number {
  requireModule('gradientCheckpointing', model);
  requireOptions('gradientCheckpointing', options);
  const stacks = model
    .namedModules()
    .map(({ module }) => module)
    .filter((module) => module instanceof Encoder || module instanceof Decoder);
  for (const stack of stacks) stack.gradientCheckpointing = options.enabled ?? true;
  return stacks.length;
}
