// Module: parts with parameters. It finds them by walking its fields and names them as PyTorch's checkpoints do.
import { ArgumentError, HeddleError } from '../errors';
import { inWords, isTensor, requireFunction, requireTensor, scope } from '../lifetime';
import { requireOptions } from '../ops/rules';
import { sameShape, show } from '../shape';
import type { AnyTensor } from '../tensor';
import { assign } from './assign';
import { bufferKind, Parameter } from './parameter';

/** A checkpoint doesn't fit a module. Lists everything that is wrong; nothing was changed. */
export class StateDictError extends HeddleError {
  override readonly name = 'StateDictError';
  constructor(
    readonly module: string,
    readonly missing: readonly string[],
    readonly unexpected: readonly string[],
    /** `name: expected [2, 3], got [3, 2]`, one a tensor. */
    readonly misshaped: readonly string[],
  ) {
    const parts = [
      missing.length > 0 ? `missing: ${missing.join(', ')}` : '',
      unexpected.length > 0 ? `unexpected: ${unexpected.join(', ')}` : '',
      misshaped.length > 0 ? `of another shape: ${misshaped.join('; ')}` : '',
    ];
    super(`loadStateDict: ${module}: ${parts.filter((part) => part !== '').join(' · ')}`);
  }
}

/** Options of `loadStateDict`. */
export interface LoadOptions {
  /** Throws where names are missing or unexpected: true where nothing is said. Shapes must always fit. */
  readonly strict?: boolean;
}

/** What a forward hook gets. */
export type ForwardHook = (module: Module, inputs: readonly unknown[], output: unknown) => void;

/** What a module's fields hold. */
type Part =
  | { readonly kind: 'parameter'; readonly name: string; readonly tensor: Parameter }
  | { readonly kind: 'buffer'; readonly name: string; readonly tensor: AnyTensor; readonly persistent: boolean }
  | { readonly kind: 'module'; readonly name: string; readonly module: Module };

/**
 * A part of a model. Subclasses put parameters, buffers and modules into fields and write `forward`; users call `call`,
 * which frees everything that forward made but its result and what the gradient needs.
 *
 * Field names become checkpoint names: `selfAttn` is `self_attn`, arrays count from 0, and `static names` maps exceptions.
 *
 * @example
 * ```ts
 * import { init, ones, relu, type Tensor } from '@heddle/tensor';
 * import { Linear, Module } from '@heddle/tensor/nn';
 * await init();
 * class Mlp extends Module {
 *   readonly up = new Linear({ inputs: 4, outputs: 8 });
 *   readonly down = new Linear({ inputs: 8, outputs: 2 });
 *   override forward(x: Tensor): Tensor {
 *     return this.down.forward(relu(this.up.forward(x)));
 *   }
 * }
 * const mlp = new Mlp();
 * console.log(mlp.call(ones([3, 4])).shape, [...mlp.stateDict().keys()]);
 * ```
 */
export abstract class Module {
  /** Field names whose checkpoint name isn't their snake_case form. An empty name leaves the level out. */
  static readonly names: Readonly<Record<string, string>> = {};

  private mode: 'train' | 'eval' = 'train';
  private hooks: ForwardHook[] = [];
  private checked = false;

  /** What the module computes. Called by other modules; users call `call`. */
  abstract forward(...inputs: never[]): unknown;

  /** Runs `forward` and frees what it made but its result. */
  call<M extends Module>(this: M, ...inputs: Parameters<M['forward']>): ReturnType<M['forward']> {
    if (!this.checked) this.check();
    // The one place where a subclass's own signature has to be asserted: `forward` is abstract over never[].
    const forward = this.forward as unknown as (...inputs: Parameters<M['forward']>) => ReturnType<M['forward']>;
    return scope(() => {
      const output = forward.apply(this, inputs);
      for (const hook of this.hooks) hook(this, inputs, output);
      return output;
    });
  }

  /** Calls `hook` after every `call` of this module. Returns what takes it away again. */
  registerForwardHook(hook: ForwardHook): () => void {
    requireFunction('registerForwardHook', 'hook', hook);
    this.hooks.push(hook);
    return () => {
      this.hooks = this.hooks.filter((other) => other !== hook);
    };
  }

  /** Whether dropout and the like are active. */
  get training(): boolean {
    return this.mode === 'train';
  }

  /** Turns training behaviour on here and below. */
  train(): this {
    for (const { module } of this.namedModules()) module.mode = 'train';
    return this;
  }

  /** Turns training behaviour off here and below. */
  eval(): this {
    for (const { module } of this.namedModules()) module.mode = 'eval';
    return this;
  }

  /** All parameters, each once even where it is tied. */
  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  /** All parameters by checkpoint name; a tied one under its first name. */
  namedParameters(): Map<string, Parameter> {
    const found = new Map<string, Parameter>();
    const seen = new Set<Parameter>();
    for (const part of this.parts()) {
      if (part.kind !== 'parameter' || seen.has(part.tensor)) continue;
      seen.add(part.tensor);
      found.set(part.name, part.tensor);
    }
    return found;
  }

  /** This module and all below it, by name; its own is empty. */
  namedModules(): { readonly name: string; readonly module: Module }[] {
    const found: { readonly name: string; readonly module: Module }[] = [{ name: '', module: this }];
    for (const part of this.parts()) if (part.kind === 'module') found.push(part);
    return found;
  }

  /** Parameters and persistent buffers by checkpoint name, tied ones once. The tensors are the module's own. */
  stateDict(): Map<string, AnyTensor> {
    const seen = new Set<AnyTensor>();
    const state = new Map<string, AnyTensor>();
    for (const { name, tensor } of this.stored()) {
      if (seen.has(tensor)) continue;
      seen.add(tensor);
      state.set(name, tensor);
    }
    return state;
  }

  /**
   * Copies values from a checkpoint into the parameters and persistent buffers. All is checked before anything changes.
   *
   * @throws {StateDictError} listing every missing, unexpected and mis-shaped name.
   */
  loadStateDict(state: ReadonlyMap<string, AnyTensor>, options: LoadOptions = {}): void {
    const places = this.placesFor(state, options);
    for (const { name } of places) requireTensor('loadStateDict', name, state.get(name));
    for (const { name, tensor } of places) {
      const value = state.get(name);
      if (value !== undefined) assign(tensor, value);
    }
  }

  /**
   * The tensors that a checkpoint's values belong to, by the names that it gives. For loaders that copy by themselves.
   *
   * @throws {StateDictError} listing every missing, unexpected and mis-shaped name.
   */
  placesFor(
    state: ReadonlyMap<string, Pick<AnyTensor, 'shape' | 'dtype'>>,
    options: LoadOptions = {},
  ): readonly { readonly name: string; readonly tensor: AnyTensor }[] {
    if (typeof state?.has !== 'function')
      throw new ArgumentError('loadStateDict', 'state', 'a Map from names to tensors', inWords(state));
    const stored = this.stored();
    const places = stored.filter(({ name }) => state.has(name));
    const given = new Set(places.map(({ tensor }) => tensor));
    const missing = [...this.stateDict()].flatMap(([name, tensor]) => (given.has(tensor) ? [] : [name]));
    const known = new Set(stored.map(({ name }) => name));
    const unexpected = [...state.keys()].filter((name) => !known.has(name));
    const misshaped = places.flatMap(({ name, tensor }) => {
      const value = state.get(name) ?? tensor;
      if (value.dtype !== tensor.dtype) return [`${name}: expected ${tensor.dtype}, got ${value.dtype}`];
      return sameShape(value.shape, tensor.shape)
        ? []
        : [`${name}: expected ${show(tensor.shape)}, got ${show(value.shape)}`];
    });
    const { strict = true } = requireOptions('loadStateDict', options);
    if (misshaped.length > 0 || (strict && missing.length + unexpected.length > 0)) {
      throw new StateDictError(this.constructor.name, strict ? missing : [], strict ? unexpected : [], misshaped);
    }
    return places;
  }

  /** Stops training of the parameters whose name matches; of all where nothing is said. */
  freeze(match: RegExp | ((name: string) => boolean) = () => true): this {
    return this.setTrained(match, false);
  }

  /** Trains the parameters whose name matches; all where nothing is said. */
  unfreeze(match: RegExp | ((name: string) => boolean) = () => true): this {
    return this.setTrained(match, true);
  }

  /** Number of parameters' elements, tied ones once. */
  parameterCount(): number {
    return this.parameters().reduce((total, p) => total + p.size, 0);
  }

  /** Frees all parameters and buffers. The module can't be used afterwards. */
  dispose(): void {
    for (const part of this.parts()) if (part.kind !== 'module') part.tensor.dispose();
  }

  private setTrained(match: RegExp | ((name: string) => boolean), trained: boolean): this {
    const matches = match instanceof RegExp ? (name: string) => name.search(match) >= 0 : match;
    requireFunction(trained ? 'unfreeze' : 'freeze', 'match', matches);
    for (const [name, p] of this.namedParameters()) if (matches(name)) p.requireGrad(trained);
    return this;
  }

  /** Everything that a checkpoint holds, under every name that it has. */
  private stored(): { readonly name: string; readonly tensor: AnyTensor }[] {
    return this.parts().filter((part) => part.kind === 'parameter' || (part.kind === 'buffer' && part.persistent)) as {
      readonly name: string;
      readonly tensor: AnyTensor;
    }[];
  }

  /** Refuses bare tensors: nothing says whether they are trained, saved or kept. */
  private check(): void {
    this.parts((path) => {
      throw new ArgumentError('Module', path, 'a Parameter, a buffer(t) or a module in a field', 'a bare tensor');
    });
    this.checked = true;
  }

  private parts(onBareTensor: (path: string) => void = () => undefined): Part[] {
    const found: Part[] = [];
    const names = (this.constructor as typeof Module).names;
    for (const [field, value] of Object.entries(this)) {
      if (!ownFields.has(field)) collect(value, names[field] ?? snakeCase(field), found, onBareTensor);
    }
    return found;
  }

  /** Parts under a prefix, for the module above. */
  static partsOf(module: Module, prefix: string, found: Part[], onBareTensor: (path: string) => void): void {
    for (const part of module.parts((path) => onBareTensor(join(prefix, path))))
      found.push({ ...part, name: join(prefix, part.name) });
  }
}

/** Throws where a value that should be a module is none. */
export function requireModule(op: string, argument: string, value: unknown): void {
  if (!(value instanceof Module)) throw new ArgumentError(op, argument, 'a module', inWords(value));
}

const ownFields = new Set(['mode', 'hooks', 'checked']);

function collect(value: unknown, name: string, found: Part[], onBareTensor: (path: string) => void): void {
  if (value instanceof Parameter) found.push({ kind: 'parameter', name, tensor: value });
  else if (isTensor(value)) {
    const kind = bufferKind(value);
    if (kind === null) onBareTensor(name);
    else found.push({ kind: 'buffer', name, tensor: value, persistent: kind === 'persistent' });
  } else if (value instanceof Module) {
    found.push({ kind: 'module', name, module: value });
    Module.partsOf(value, name, found, onBareTensor);
  } else if (Array.isArray(value)) {
    value.forEach((item, i) => {
      collect(item, join(name, String(i)), found, onBareTensor);
    });
  }
}

const join = (prefix: string, name: string): string =>
  prefix === '' || name === '' ? prefix + name : `${prefix}.${name}`;

/** `selfAttn` becomes `self_attn`; digits stay where they are. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter, at: number) => (at > 0 ? '_' : '') + letter.toLowerCase());
}
