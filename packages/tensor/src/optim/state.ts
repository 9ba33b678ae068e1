// What an optimizer needs to go on where it was, and whether a state is one. Tensors are looked at by the optimizer.
import { ArgumentError } from '../errors';
import { inWords } from '../lifetime';
import type { AnyTensor } from '../tensor';

/** Everything an optimizer needs to go on where it was. */
export interface OptimizerState {
  /** Steps done. */
  readonly step: number;
  /** Settings of each group. */
  readonly groups: readonly Readonly<Record<string, number | boolean>>[];
  /** `group.parameter.slot`, such as `0.3.m`, to the state tensor. */
  readonly tensors: ReadonlyMap<string, AnyTensor>;
  /** `group.parameter` to the updates of those that had fewer than there were steps. */
  readonly updates?: Readonly<Record<string, number>>;
}

/** Throws where a state isn't what `stateDict` of an optimizer with as many groups gives. */
export function requireState(op: string, state: OptimizerState, groups: number): void {
  const fail = (part: string, expected: string, value: unknown): never => {
    throw new ArgumentError(op, part, expected, inWords(value));
  };
  if (!isObject(state)) fail('state', 'what stateDict gives', state);
  if (!isCount(state.step)) fail('state.step', 'a whole number of at least 0', state.step);
  if (!Array.isArray(state.groups)) fail('state.groups', `${groups} groups`, state.groups);
  if (state.groups.length !== groups) fail('state.groups', `${groups} groups`, state.groups.length);
  for (const group of state.groups) if (!isObject(group)) fail('state.groups', 'the settings of each group', group);
  if (!(state.tensors instanceof Map)) fail('state.tensors', 'a Map from names to tensors', state.tensors);
  if (state.updates === undefined) return;
  if (!isObject(state.updates)) fail('state.updates', 'an object of counts', state.updates);
  for (const [name, count] of Object.entries(state.updates))
    if (!isCount(count) || count > state.step)
      fail(`state.updates.${name}`, `a whole number in [0, ${state.step}]`, count);
}

/** Throws where settings have one that isn't among those that an optimizer knows. */
export function requireKnown(op: string, settings: object, known: object): void {
  for (const name of Object.keys(settings))
    if (!(name in known))
      throw new ArgumentError(op, name, `a setting of ${op}: ${Object.keys(known).join(', ')}`, 'an unknown one');
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
