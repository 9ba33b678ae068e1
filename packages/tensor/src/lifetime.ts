// Who frees what, and when: scopes, steps, kept tensors. See docs/adr for why a program's own rhythm decides.
import { HeddleError } from './errors';
import { runtime } from './runtime';
import { countCollected } from './storage';
import type { AnyTensor } from './tensor';

/** A value that may hold tensors: what scopes return. */
export type TensorTree = unknown;

let current: AnyTensor[] | null = null;

// Tensors made outside every scope are held weakly: they die at the end of the step after theirs, or earlier with
// their last reference.
let thisStep: WeakRef<AnyTensor>[] = [];
let lastStep: WeakRef<AnyTensor>[] = [];

const collector = new FinalizationRegistry<() => void>((free) => {
  free();
  countCollected();
});

/** Puts a new tensor under the care of the innermost scope, or of the step. */
export function track(t: AnyTensor): void {
  if (current !== null) current.push(t);
  else {
    thisStep.push(new WeakRef(t));
    watch(t);
  }
}

/** Lets the collector free a tensor that nothing else does. */
export function watch(t: AnyTensor): void {
  collector.register(t, t.releaser(), t);
}

/** Ends the collector's interest in a tensor that was freed in time. */
export function untrack(t: AnyTensor): void {
  collector.unregister(t);
}

/**
 * Runs `fn` and frees every tensor made in it but those it returns (and what their graph needs).
 *
 * @throws {HeddleError} where `fn` returns a promise: a scope ends before it would settle.
 * @example
 * ```ts
 * import { init, scope, tensor } from '@heddle/tensor';
 * await init();
 * const y = scope(() => tensor([1, 2]).mul(2).add(1)); // only y is alive
 * ```
 */
export function scope<T>(fn: () => T): T {
  const outer = current;
  const own: AnyTensor[] = [];
  current = own;
  let result: T | undefined;
  try {
    result = fn();
    if (isPromise(result)) {
      throw new HeddleError(
        'scope: fn: expected a synchronous function, got one that returns a promise: await outside the scope',
      );
    }
    return result;
  } finally {
    current = outer;
    leave(own, result);
  }
}

/** Frees a scope's tensors but those found in `result`, which move to the scope around it. */
function leave(own: readonly AnyTensor[], result: TensorTree): void {
  const escaped = tensorsIn(result);
  for (let i = 0; i < own.length; i++) {
    const t = own[i];
    if (t.isFreed) continue;
    if (t.isKept) watch(t);
    else if (escaped?.has(t)) track(t);
    else t.dispose();
  }
}

/** Ends a step: what was made before the step that ends now is freed, unless kept. */
export function endStep(): void {
  for (const reference of lastStep) {
    const t = reference.deref();
    if (t !== undefined && !t.isKept) t.dispose();
  }
  lastStep = thisStep;
  thisStep = [];
  runtime.step++;
}

/**
 * Keeps a tensor alive past its scope and step, until it is disposed.
 *
 * @example
 * ```ts
 * import { init, keep, tensor } from '@heddle/tensor';
 * await init();
 * const positions = keep(tensor([0, 1, 2])); // stays through every optimizer step
 * ```
 */
export function keep<T extends AnyTensor>(t: T): T {
  t.isKept = true;
  return t;
}

/** The tensors in a result: itself, or those in its arrays, maps and plain fields. Null where there are none. */
function tensorsIn(tree: TensorTree): Set<AnyTensor> | null {
  if (tree === null || typeof tree !== 'object') return null;
  const found = new Set<AnyTensor>();
  collect(tree, found, new Set());
  return found.size === 0 ? null : found;
}

function collect(tree: TensorTree, found: Set<AnyTensor>, seen: Set<object>): void {
  if (tree === null || typeof tree !== 'object') return;
  if (isTensor(tree)) found.add(tree);
  else if (!seen.has(tree) && !ArrayBuffer.isView(tree)) {
    seen.add(tree);
    const children =
      tree instanceof Map ? tree.values() : Array.isArray(tree) || tree instanceof Set ? tree : Object.values(tree);
    for (const child of children) collect(child, found, seen);
  }
}

/** Marks tensors without importing their class, which imports this file. */
export const tensorBrand: unique symbol = Symbol('heddle.tensor');

/** True for tensors. */
export function isTensor(value: unknown): value is AnyTensor {
  return typeof value === 'object' && value !== null && tensorBrand in value;
}

/** True for promises and what behaves like one. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
