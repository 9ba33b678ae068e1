// Modules made of modules.
import { ArgumentError } from '../errors';
import { inWords } from '../lifetime';
import type { Tensor } from '../tensor';
import { Module, requireModule } from './module';

function requireModules(owner: string, argument: string, list: readonly Module[]): void {
  if (!Array.isArray(list)) throw new ArgumentError(owner, argument, 'a list of modules', inWords(list));
  for (const item of list) requireModule(owner, argument, item);
}

/** A module from one tensor to one tensor. */
export type Layer = Module & { forward(x: Tensor): Tensor };

/**
 * Layers one after the other.
 *
 * @example
 * ```ts
 * import { init, ones } from '@heddle/tensor';
 * import { Linear, Sequential } from '@heddle/tensor/nn';
 * await init();
 * const mlp = new Sequential([
 *   new Linear({ inputs: 4, outputs: 8, activation: 'relu' }),
 *   new Linear({ inputs: 8, outputs: 2 }),
 * ]);
 * console.log(mlp.call(ones([1, 4])).shape); // [1, 2]
 * ```
 */
export class Sequential extends Module {
  static override readonly names = { layers: '' };

  constructor(readonly layers: readonly Layer[]) {
    super();
    requireModules('Sequential', 'layers', layers);
  }

  override forward(x: Tensor): Tensor {
    return this.layers.reduce((y, layer) => layer.forward(y), x);
  }
}

/** Modules in a list, named by their index. A plain array in a field does the same; this one can stand alone. */
export class ModuleList<M extends Module> extends Module {
  static override readonly names = { modules: '' };

  constructor(readonly modules: readonly M[]) {
    super();
    requireModules('ModuleList', 'modules', modules);
  }

  get length(): number {
    return this.modules.length;
  }

  [Symbol.iterator](): Iterator<M> {
    return this.modules[Symbol.iterator]();
  }

  /** A list has no result of its own. */
  override forward(): never {
    throw new TypeError('ModuleList: forward: call its modules one by one');
  }
}
