// Puts modules with weights of another precision in the place of a model's own.
import { ArgumentError } from '../errors';
import type { Module } from './module';
import { Parameter } from './parameter';

/** Gives a map's weight in parts, row after row; a part may end inside a row, and may be overwritten afterwards. */
export type WeightReader = (name: string, take: (part: Float32Array) => void) => Promise<void>;

/** A part of a model that can be replaced, and its name. */
export interface Replaceable<M> {
  readonly name: string;
  readonly map: M;
}

/** Parts of a model that are of one of these classes and whose weight is nobody else's (a tied head's, say). */
export function replaceable<M extends Module & { readonly weight: Parameter }>(
  model: Module,
  kinds: readonly (abstract new (...args: never[]) => M)[],
): readonly Replaceable<M>[] {
  const modules = model.namedModules();
  const tied = sharedParameters(modules.map(({ module }) => module));
  return modules.flatMap(({ name, module }) => {
    const kind = kinds.find((own) => module.constructor === own);
    if (kind === undefined || !(module instanceof kind) || module === model || tied.has(module.weight)) return [];
    return [{ name, map: module }];
  });
}

/**
 * Puts what `make` makes of them in the place of parts of a model.
 *
 * @returns the names of the parts.
 * @throws {ArgumentError} where one of them has an adapter beside it.
 */
export async function replaceModules<M extends Module>(
  op: string,
  model: Module,
  chosen: readonly Replaceable<M>[],
  make: (name: string, map: M) => Promise<Module>,
): Promise<readonly string[]> {
  for (const { name, map } of chosen) {
    if (Object.hasOwn(map, 'forward'))
      throw new ArgumentError(op, 'model', 'adapters merged into their maps', `one beside ${name}`);
  }
  const made = new Map<unknown, Module>();
  for (const { name, map } of chosen) if (!made.has(map)) made.set(map, await make(name, map));
  for (const { module } of model.namedModules()) replace(module, made);
  return chosen.map(({ name }) => name);
}

/** Parameters that more than one module has in its own fields. */
function sharedParameters(modules: readonly Module[]): ReadonlySet<Parameter> {
  const owners = new Map<Parameter, Module>();
  const shared = new Set<Parameter>();
  for (const module of modules) {
    for (const value of Object.values(module)) {
      if (!(value instanceof Parameter)) continue;
      if ((owners.get(value) ?? module) !== module) shared.add(value);
      owners.set(value, module);
    }
  }
  return shared;
}

/** Puts the new maps where the old ones were, in fields and in lists. */
function replace(parent: object, made: ReadonlyMap<unknown, Module>): void {
  for (const [field, value] of Object.entries(parent)) {
    const map = made.get(value);
    if (map !== undefined) Reflect.set(parent, field, map);
    else if (Array.isArray(value)) replace(value, made);
  }
}
