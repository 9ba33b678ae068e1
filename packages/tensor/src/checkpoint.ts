// Activation checkpointing (Chen et al. 2016): memory for time. Nothing inside is kept; backward computes it again.
import { walkWithin } from './autograd';
import { ArgumentError, GraphError } from './errors';
import { Node } from './graph';
import { inWords, requireFunction, requireTensor, scope, track } from './lifetime';
import { asFloats } from './op';
import { enableGrad, noGrad } from './recording';
import { defaultGenerator, runtime } from './runtime';
import type { AnyTensor, Tensor } from './tensor';

type Function = (...inputs: readonly AnyTensor[]) => Tensor;

/** Owns the inputs of the function, and where the random stream stood. */
class CheckpointNode extends Node {
  private readonly random = defaultGenerator().state();

  constructor(
    private readonly fn: Function,
    inputs: readonly AnyTensor[],
  ) {
    for (const x of inputs) x.storage.retain();
    super(
      'checkpoint',
      inputs,
      inputs.map((x) => x.storage),
    );
  }

  override gradients(g: Tensor, needs: readonly boolean[], createGraph: boolean): (Tensor | null)[] {
    if (createGraph)
      throw new GraphError(
        'checkpoint',
        'gradients of gradients need what was not kept: call the function without checkpoint',
      );
    const leaves = this.inputs.map((x, i) => leafOf(x.alias(), needs[i]));
    const generator = defaultGenerator();
    const now = generator.state();
    // The same dropout masks as the first time.
    generator.restore(this.random);
    try {
      return walkWithin(
        this,
        enableGrad(() => this.fn(...leaves)),
        g,
        leaves,
      ).map((found, i) => (needs[i] ? found : null));
    } finally {
      generator.restore(now);
      for (const leaf of leaves) leaf.dispose();
    }
  }
}

function leafOf(alias: ReturnType<Node['inputs'][number]['alias']>, wanted: boolean): Tensor {
  const [leaf] = asFloats([alias.detach()]);
  alias.dispose();
  return leaf.requireGrad(wanted);
}

/**
 * Runs `fn(...inputs)` without keeping what its gradient needs: `backward` runs it a second time. Peak memory of a stack
 * of n checkpointed layers falls to one layer's activations plus n inputs; a training step costs one more forward, about
 * a third more time. Parameters that `fn` uses are trained as usual; every other tensor that wants a gradient must be one
 * of the inputs. `fn` must give the same result when it runs again; dropout from the default generator does.
 *
 * @example
 * ```ts
 * import { checkpoint, gelu, init, ones } from '@heddle/tensor';
 * import { Linear } from '@heddle/tensor/nn';
 * await init();
 * const layer = new Linear({ inputs: 4, outputs: 4 });
 * const y = checkpoint((x) => gelu(layer.forward(x)), [ones([2, 4])]);
 * y.sum().backward();
 * ```
 */
export function checkpoint<Inputs extends readonly Tensor[] | []>(
  // [] asks for a tuple
  fn: (...inputs: Inputs) => Tensor,
  inputs: Inputs,
): Tensor;
/** The same where some inputs are of another dtype. Stands second, since the first makes `ones([2])` one of floats. */
export function checkpoint<Inputs extends readonly AnyTensor[] | []>(
  fn: (...inputs: Inputs) => Tensor,
  inputs: Inputs,
): Tensor;
export function checkpoint(fn: Function, inputs: readonly AnyTensor[]): Tensor {
  requireFunction('checkpoint', 'fn', fn);
  if (!Array.isArray(inputs))
    throw new ArgumentError('checkpoint', 'inputs', 'a list of tensors, those that fn is given', inWords(inputs));
  for (const x of inputs) requireTensor('checkpoint', 'inputs', x);
  if (!runtime.recording) return fn(...inputs);
  const node = new CheckpointNode(fn, inputs);
  const plain = scope(() => {
    const result = noGrad(() => fn(...inputs));
    requireTensor('checkpoint', 'the result of fn', result);
    return result.detach();
  });
  const y = plain.alias();
  plain.dispose();
  y.node = node;
  track(y);
  return y;
}
