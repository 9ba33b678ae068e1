// The random generators that a run draws from beside the default one: those of the model's modules, and those named.
import { Generator } from '@heddle/tensor';
import { Module } from '@heddle/tensor/nn';

/** Where a generator stands. */
export type GeneratorState = ReturnType<Generator['state']>;

/** Generators in a fixed order, each once. */
export function generatorsOf(model: Module, named: readonly Generator[]): readonly Generator[] {
  // An adapter's model is no part of it, and yet its dropout is on.
  const beside: unknown = Reflect.get(model, 'model');
  const modules = [model, ...(beside instanceof Module ? [beside] : [])].flatMap((root) => root.namedModules());
  return [...new Set([...modules.flatMap(({ module }) => ownGenerators(module)), ...named])];
}

/** Those in a module's fields, or in its settings. */
function ownGenerators(module: Module): Generator[] {
  return Object.values(module).flatMap((field: unknown) => {
    if (field instanceof Generator) return [field];
    if (typeof field !== 'object' || field === null || field instanceof Module) return [];
    const inside: unknown = Reflect.get(field, 'generator');
    return inside instanceof Generator ? [inside] : [];
  });
}
