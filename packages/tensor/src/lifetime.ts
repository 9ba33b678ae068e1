// Who frees what, and when: scopes, steps, kept tensors. See docs/adr for why a program's own rhythm decides.
import { ArgumentError, HeddleError } from './errors';
import type { Node } from './graph';
import { runtime } from './runtime';
import { countCollected, type Storage } from './storage';
import type { AnyTensor } from './tensor';

/** A value that may hold tensors: what scopes return. */
export type TensorTree = unknown;

let current: AnyTensor[] | null = null;

/** What the tensors of a group hold: their storages and graph nodes, null once given back. */
class Holdings {
  readonly storages: (Storage | null)[] = [];
  private readonly nodes: (Node | null)[] = [];
  private alive = 0;
  private closed = false;

  add(storage: Storage, node: Node | null): number {
    this.alive++;
    this.nodes.push(node);
    return this.storages.push(storage) - 1;
  }

  /** Forgets one tensor's part, which its handle gives back. */
  forget(slot: number): void {
    this.storages[slot] = null;
    this.nodes[slot] = null;
    this.alive--;
    this.endWatch();
  }

  freeAll(): number {
    const count = this.alive;
    for (let slot = 0; slot < this.storages.length; slot++) {
      const storage = this.storages[slot];
      const node = this.nodes[slot];
      if (storage === null) continue;
      this.forget(slot);
      storage.release();
      node?.release();
    }
    return count;
  }

  /** Says that no tensor joins any more. */
  close(): void {
    this.closed = true;
    this.endWatch();
  }

  /**
   * Ends the collector's interest once there is nothing left to free. Its records would pile up otherwise: it clears them
   * in tasks of its own, and a loop that awaits only what is ready never lets one run.
   */
  private endWatch(): void {
    if (this.closed && this.alive === 0) collector.unregister(this);
  }
}

/**
 * A few tensors that the collector watches as one: they point here, nothing here points to them. When the last of them is
 * unreachable, what they hold is given back. Watching each alone would cost more than most ops do.
 */
export class Group {
  readonly holdings = new Holdings();

  /** @param size tensors that may join. */
  constructor(private readonly size: number) {
    collector.register(this, this.holdings, this.holdings);
  }

  add(storage: Storage, node: Node | null): number {
    const slot = this.holdings.add(storage, node);
    if (this.isFull) this.holdings.close();
    return slot;
  }

  get isFull(): boolean {
    return this.holdings.storages.length >= this.size;
  }
}

const GROUP_SIZE = 64;

const collector = new FinalizationRegistry<Holdings>((holdings) => {
  for (let n = holdings.freeAll(); n > 0; n--) countCollected();
});

// Tensors made outside every scope die at the end of the step after theirs, or earlier with their last reference.
let thisStep: Holdings[] = [];
let lastStep: Holdings[] = [];
let openStep: Group | null = null;
let openWatch: Group | null = null;

/** Puts a new tensor under the care of the innermost scope, or of the step. */
export function track(t: AnyTensor): void {
  if (current !== null) current.push(t);
  else {
    if (openStep === null || openStep.isFull) {
      openStep = new Group(GROUP_SIZE);
      thisStep.push(openStep.holdings);
    }
    t.join(openStep);
  }
}

/** Lets the collector free a tensor that nothing else does: gradients, whose owners may forget them. */
export function watchTogether(t: AnyTensor): void {
  if (openWatch === null || openWatch.isFull) openWatch = new Group(GROUP_SIZE);
  t.join(openWatch);
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
  requireFunction('scope', 'fn', fn);
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
  const escaped = isTensor(result) ? null : tensorsIn(result);
  for (let i = 0; i < own.length; i++) {
    const t = own[i];
    if (t.isFreed) continue;
    if (t.isKept) t.join(new Group(1));
    else if (t === result || escaped?.has(t)) track(t);
    else t.dispose();
  }
}

/** Ends a step: what was made before the step that ends now is freed, unless kept. */
export function endStep(): void {
  for (const holdings of lastStep) {
    holdings.freeAll();
    holdings.close();
  }
  lastStep = thisStep;
  thisStep = [];
  openStep = null;
  runtime.step++;
}

/**
 * Keeps a tensor alive past its scope and step, until it is disposed or the last reference to it is gone.
 *
 * @throws {TensorFreed} where it is gone already.
 * @example
 * ```ts
 * import { init, keep, tensor } from '@heddle/tensor';
 * await init();
 * const positions = keep(tensor([0, 1, 2])); // stays through every optimizer step
 * ```
 */
export function keep<T extends AnyTensor>(t: T): T {
  requireTensor('keep', 't', t);
  t.keep();
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

/** Throws where a value that should be a tensor is none, or a freed one. */
export function requireTensor(op: string, argument: string, value: unknown): void {
  if (!isTensor(value)) throw new ArgumentError(op, argument, 'a tensor', inWords(value));
  value.assertAlive(op);
}

/** Throws where a value that should be a function is none. */
export function requireFunction(op: string, argument: string, value: unknown): void {
  if (typeof value !== 'function') throw new ArgumentError(op, argument, 'a function', inWords(value));
}

/** A value as messages print it. */
export function inWords(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? `an ${Array.isArray(value) ? 'array' : 'object'}`
    : String(value);
}

/** True for promises and what behaves like one. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
