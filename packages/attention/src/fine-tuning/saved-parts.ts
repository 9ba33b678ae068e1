// Parts of a model that are trained whole and saved with an adapter, such as a new head: PEFT's `modules_to_save`.
import { type AnyTensor, ArgumentError } from '@heddle/tensor';
import type { CheckpointFile } from '@heddle/tensor/io';
import type { Module } from '@heddle/tensor/nn';
import { checkpointName } from '../models/checkpoint-layout';
import type { Adaptable } from './lora';

/** A part, by its name in the model. */
export interface SavedPart {
  readonly name: string;
  readonly module: Module;
}

/** The innermost parts that have weights. */
function leavesOf(model: Module): SavedPart[] {
  return model
    .namedModules()
    .filter(({ module }) => module.namedModules().length === 1 && module.parameters().length > 0);
}

/**
 * Parts whose names match.
 *
 * @throws {ArgumentError} naming those that there are, where none does.
 */
export function savedParts(owner: string, model: Module, pattern: RegExp | undefined): readonly SavedPart[] {
  if (pattern === undefined) return [];
  const leaves = leavesOf(model);
  const found = leaves.filter(({ name }) => pattern.test(name));
  if (found.length > 0) return found;
  const names = leaves.map(({ name }) => name).join(', ');
  throw new ArgumentError(owner, 'modulesToSave', `a pattern of some of ${names}`, String(pattern));
}

/** Their weights, under the names that PEFT has for them: the model's own, below a prefix. */
export function stateOfParts(model: Adaptable, parts: readonly SavedPart[], prefix: string): Map<string, AnyTensor> {
  const state = new Map<string, AnyTensor>();
  for (const { name, module } of parts)
    for (const [leaf, p] of module.namedParameters())
      state.set(`${prefix}${checkpointName(model.layout, name)}.${leaf}`, p);
  return state;
}

/** Parts of which a file holds weights, each with the names of its weights there. */
export function partsIn(
  model: Adaptable,
  file: CheckpointFile,
  prefix: string,
): readonly (SavedPart & { readonly keys: ReadonlyMap<string, string> })[] {
  return leavesOf(model).flatMap(({ name, module }) => {
    const theirs = checkpointName(model.layout, name);
    const keys = new Map([...module.namedParameters().keys()].map((leaf) => [leaf, `${prefix}${theirs}.${leaf}`]));
    return [...keys.values()].some((key) => file.entries.has(key)) ? [{ name, module, keys }] : [];
  });
}

/** A pattern of exactly these names. */
export function exactly(names: readonly string[]): RegExp {
  return new RegExp(`^(${names.map((name) => name.replace(/\./g, '\\.')).join('|')})$`);
}
