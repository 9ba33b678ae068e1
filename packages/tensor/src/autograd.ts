// Reverse-mode differentiation: the walk from a loss back to the leaves, and the functions around it.

import { ArgumentError, GraphError } from './errors';
import { accumulate, gathered } from './gathering';
import type { Node } from './graph';
import { inWords, requireFunction, requireTensor, scope, track } from './lifetime';
import { inGraph } from './op';
import { requireDType, requireOptions } from './ops/rules';
import { enableGrad } from './recording';
import { runtime } from './runtime';
import { sameShape, show } from './shape';
import type { Tensor } from './tensor';
import { type AnyTensor, onesLike } from './tensor';

/** Options of a backward pass. */
export interface BackwardOptions {
  /** Gradient of the result that the walk starts from; one where the result is a scalar. */
  readonly gradient?: Tensor;
  /** Records the gradients' own graph, so that they can be differentiated again. */
  readonly createGraph?: boolean;
  /** Keeps the graph for another pass. Implied by `createGraph`. */
  readonly retainGraph?: boolean;
}

/** Adds the gradient of `root` to the `grad` of every leaf below it. */
export function backward(root: AnyTensor, options: BackwardOptions = {}): void {
  const { createGraph = false } = requireOptions('backward', options);
  walk(root, options, (leaf, g) => accumulate(leaf, g, createGraph), null);
}

/**
 * Gradients of `y` with respect to `xs`, which may be leaves or tensors inside the graph. No leaf's `grad` is touched.
 *
 * @throws {GraphError} where one of `xs` isn't part of `y`'s graph.
 * @example
 * ```ts
 * import { gradients, init, tensor } from '@heddle/tensor';
 * await init();
 * const x = tensor([3], { requiresGrad: true });
 * const [dx] = gradients(x.mul(x).sum(), [x]);
 * console.log(await dx.data()); // Float32Array [6]
 * ```
 */
export function gradients(y: AnyTensor, xs: readonly AnyTensor[], options: BackwardOptions = {}): Tensor[] {
  requireTensor('gradients', 'y', y);
  if (!Array.isArray(xs)) throw new ArgumentError('gradients', 'xs', 'a list of tensors', inWords(xs));
  for (const x of xs) requireTensor('gradients', 'xs', x);
  return gradientsWithin(y, xs, requireOptions('gradients', options), () => false);
}

/** The same, but the walk ends at nodes that `isEnd` names: what lies behind them is left alone. */
export function gradientsWithin(
  y: AnyTensor,
  xs: readonly AnyTensor[],
  options: BackwardOptions,
  isEnd: (node: Node) => boolean,
): Tensor[] {
  const found = new Map<AnyTensor | Node, Tensor>();
  const targets = new Set<AnyTensor | Node>(xs.map((x) => x.node ?? x));
  return orDispose(found, () => {
    walk(
      y,
      options,
      (leaf, g) => {
        if (!targets.has(leaf)) return;
        // As if a graph were made: what was found is not written into.
        found.set(leaf, gathered(found.get(leaf) ?? null, g, true));
      },
      (node, g) => {
        if (targets.has(node)) found.set(node, g.alias());
      },
      isEnd,
    );
    return xs.map((x, i) => {
      const g = found.get(x.node ?? x);
      if (g === undefined) throw new GraphError(y.op, `input ${i} is not part of the graph`);
      track(g);
      return g;
    });
  });
}

/** Runs `walk`; where it fails, nobody wants what it has found. */
function orDispose<T>(found: ReadonlyMap<unknown, Tensor>, walk: () => T): T {
  try {
    return walk();
  } catch (error) {
    for (const g of found.values()) g.dispose();
    throw error;
  }
}

/** What a walk does with the gradient of a leaf. */
export type DeliverToLeaf = (leaf: AnyTensor, g: Tensor) => void;

let delivering: DeliverToLeaf | null = null;

/**
 * Walks a graph that a node made again during its own gradient: gradients of `own` leaves are returned, those of other
 * leaves (parameters, say) go where the walk around this one delivers them. A node from before `maker` belongs to that
 * walk and is refused.
 */
export function walkWithin(
  maker: Node,
  root: AnyTensor,
  gradient: Tensor,
  own: readonly AnyTensor[],
): (Tensor | null)[] {
  if (!root.requiresGrad) return own.map(() => null);
  const outer = delivering;
  const found = new Map<AnyTensor, Tensor>();
  const refuse = ({ op, sequence }: Node): boolean => {
    if (sequence > maker.sequence) return false;
    throw new GraphError(
      maker.op,
      `the function uses a tensor made by ${op} that wants a gradient and is none of its inputs: pass it as an input`,
    );
  };
  return orDispose(found, () => {
    walk(
      root,
      { gradient },
      (leaf, g) => {
        if (!own.includes(leaf)) outer?.(leaf, g);
        else found.set(leaf, gathered(found.get(leaf) ?? null, g, false));
      },
      null,
      refuse,
      false,
    );
    return own.map((leaf) => {
      const g = found.get(leaf) ?? null;
      if (g !== null) track(g);
      return g;
    });
  });
}

function walk(
  root: AnyTensor,
  { gradient, createGraph = false, retainGraph = createGraph }: BackwardOptions,
  deliverToLeaf: DeliverToLeaf,
  visit: ((node: Node, g: Tensor) => void) | null,
  isEnd: (node: Node) => boolean = () => false,
  runsLeafHooks = true,
): void {
  root.assertAlive('backward');
  if (!root.requiresGrad) throw new GraphError(root.op, 'nothing in the graph requires a gradient');
  if (gradient === undefined && root.size !== 1) {
    throw new ArgumentError(
      'backward',
      'gradient',
      'a gradient to start from where the result is no scalar',
      show(root.shape),
    );
  }
  if (gradient !== undefined) requireGradient('backward', 'gradient', gradient, root);
  const order = root.node === null ? [] : reachable(root.node, isEnd);
  const outerRecording = runtime.recording;
  runtime.recording = createGraph;
  runtime.inBackward++;
  const outerDelivery = delivering;
  // A leaf's hooks get the whole of its gradient, at the end.
  const whole = new Map<AnyTensor, Tensor>();
  delivering = (leaf, g) => {
    if (leaf.hooks === null || !runsLeafHooks) deliverToLeaf(leaf, g);
    else whole.set(leaf, gathered(whole.get(leaf) ?? null, g, createGraph));
  };
  const deliver = delivering;
  try {
    scope(() => {
      const seed = gradient ?? onesLike(root);
      if (root.node === null) deliver(root, seed);
      else root.node.grad = seed.alias();
    });
    for (const node of order) step(node, createGraph, deliver, visit, isEnd);
    scope(() => {
      for (const [leaf, g] of whole) deliverToLeaf(leaf, hooked(leaf.hooks, g));
    });
  } finally {
    for (const g of whole.values()) g.dispose();
    for (const node of order) {
      node.grad?.dispose();
      node.grad = null;
      if (!retainGraph) node.free();
    }
    delivering = outerDelivery;
    runtime.recording = outerRecording;
    runtime.inBackward--;
  }
}

function requireGradient(op: string, argument: string, g: Tensor, like: AnyTensor): void {
  requireDType(op, argument, g, 'float32');
  if (!sameShape(g.shape, like.shape))
    throw new ArgumentError(op, argument, `shape ${show(like.shape)}`, show(g.shape));
}

/** Turns the gradient that a node has gathered into its inputs' gradients. Everything else made here is freed. */
function step(
  node: Node,
  createGraph: boolean,
  deliverToLeaf: DeliverToLeaf,
  visit: ((node: Node, g: Tensor) => void) | null,
  isEnd: (node: Node) => boolean,
): void {
  const whole = node.grad;
  if (whole === null) return;
  node.grad = null;
  try {
    scope(() => {
      const g = hooked(node.hooks, whole);
      visit?.(node, g);
      if (isEnd(node)) return;
      const needs = node.inputs.map((input) => input.requiresGrad);
      const found = inGraph(node.op, () => node.gradients(g, needs, createGraph));
      for (let i = 0; i < found.length; i++) {
        const gi = found[i];
        if (gi === null || !needs[i]) continue;
        const input = node.inputs[i];
        if (input.node === null) deliverToLeaf(input, gi);
        else input.node.grad = gathered(input.node.grad, gi, createGraph);
      }
    });
  } finally {
    whole.dispose();
  }
}

function hooked(hooks: AnyTensor['hooks'], g: Tensor): Tensor {
  let result = g;
  for (const hook of hooks ?? []) {
    result = hook(result) ?? result;
    requireGradient('registerHook', 'the result of hook', result, g);
  }
  return result;
}

/** All nodes behind `root`, itself included, outputs before inputs, up to those where the walk ends. */
function reachable(root: Node, isEnd: (node: Node) => boolean): Node[] {
  const seen = new Set<Node>([root]);
  const order = [root];
  for (let i = 0; i < order.length; i++) {
    const node = order[i];
    if (node.isFreed) {
      throw new GraphError(
        node.op,
        'its graph was freed by an earlier backward: pass { retainGraph: true } there to go through it again',
      );
    }
    if (isEnd(node)) continue;
    for (const input of node.inputs) {
      if (input.node !== null && !seen.has(input.node)) {
        seen.add(input.node);
        order.push(input.node);
      }
    }
  }
  return order.sort((a, b) => b.sequence - a.sequence);
}

/**
 * The function that gives the gradient of a scalar function with respect to its first argument, as `jax.grad` does.
 * Nest it for higher orders.
 *
 * @example
 * ```ts
 * import { grad, init, type Tensor, tensor } from '@heddle/tensor';
 * await init();
 * const cube = (x: Tensor) => x.mul(x).mul(x).sum();
 * console.log(await grad(grad((x) => cube(x)))(tensor([2])).data()); // Float32Array [12]
 * ```
 */
export function grad<Rest extends readonly unknown[]>(
  f: (x: Tensor, ...rest: Rest) => Tensor,
): (x: Tensor, ...rest: Rest) => Tensor {
  requireFunction('grad', 'f', f);
  return (x, ...rest) =>
    scope(() => {
      requireTensor('grad', 'x', x);
      const nested = x.requiresGrad;
      const leaf = nested ? x : x.detach().requireGrad();
      const [g] = gradients(
        enableGrad(() => f(leaf, ...rest).sum()),
        [leaf],
        { createGraph: nested },
      );
      return g;
    });
}
