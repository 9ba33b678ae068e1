// What all optimizers share: groups of parameters, state, steps, and the end of a step's lifetimes.
import { ArgumentError, OutOfMemory } from '../errors';
import { endStep, inWords, isTensor, keep, requireTensor, scope } from '../lifetime';
import { assign } from '../nn/assign';
import type { Parameter } from '../nn/parameter';
import { assertComputed } from '../op';
import { zeros } from '../ops/create';
import { requireOptions } from '../ops/rules';
import { sameShape, show } from '../shape';
import type { AnyTensor, Tensor } from '../tensor';
import { measured } from './measured';
import { type OptimizerState, requireKnown, requireState } from './state';

/** Parameters with settings of their own. */
export type ParameterGroup<Settings> = { readonly params: readonly Parameter[] } & Partial<Settings>;

/** A group as an optimizer holds it: settings may change between steps, by a schedule say. */
export interface LiveGroup<Settings> {
  readonly params: readonly Parameter[];
  settings: Settings;
}

/** Settings that every optimizer has. */
export interface BaseSettings {
  readonly lr: number;
}

/**
 * Base of the optimizers. `step()` updates every parameter that has a gradient, clears the gradients, and ends the step:
 * tensors made before the step before it are freed.
 */
export abstract class Optimizer<Settings extends BaseSettings & { readonly [K in keyof Settings]: number | boolean }> {
  readonly groups: readonly LiveGroup<Settings>[];
  private done = 0;
  // A parameter may join later than others, or have no gradient in some steps.
  private readonly updates = new Map<Parameter, number>();
  private readonly state = new Map<Parameter, Map<string, Tensor>>();
  // Whose state was made for the step that runs.
  private readonly fresh = new Set<Parameter>();

  /**
   * @param name what errors call this optimizer
   * @param params parameters, or groups of them with settings of their own
   * @param defaults every setting, as it is where nothing is said
   * @throws {ArgumentError} where there are none, one appears twice, or a setting is unknown or makes no sense.
   */
  constructor(
    protected readonly name: string,
    params: readonly Parameter[] | readonly ParameterGroup<Settings>[],
    defaults: Settings,
    config: Partial<Settings>,
  ) {
    requireKnown(name, requireOptions(name, config, 'an object such as { lr: 0.001 }'), defaults);
    if (!Array.isArray(params))
      throw new ArgumentError(name, 'params', 'a list of parameters or groups', inWords(params));
    for (const entry of params)
      if (!isTensor(entry) && !Array.isArray(entry?.params))
        throw new ArgumentError(name, 'params', 'parameters, or groups with a list of them', inWords(entry));
    const given = (params as readonly (Parameter | ParameterGroup<Settings>)[]).map((entry) =>
      'params' in entry ? entry : null,
    );
    if (given.some((entry) => entry === null) && given.some((entry) => entry !== null))
      throw new ArgumentError(name, 'params', 'parameters or groups', 'both');
    const groups = given.every((entry) => entry !== null)
      ? given
      : [{ params: params as readonly Parameter[] } as ParameterGroup<Settings>];
    this.groups = groups.map(({ params: members, ...own }) => {
      requireKnown(name, own, defaults);
      return { params: members, settings: { ...defaults, ...config, ...own } };
    });
    for (const { settings } of this.groups) this.check(settings);
    const all = this.groups.flatMap((group) => group.params);
    for (const p of all) requireTensor(name, 'params', p);
    if (all.length === 0) throw new ArgumentError(name, 'params', 'at least one parameter', 'none');
    if (new Set(all).size !== all.length) throw new ArgumentError(name, 'params', 'each parameter once', 'one twice');
  }

  /** Throws where a group's settings make no sense. Called before a subclass's own fields are there. */
  protected abstract check(settings: Settings): void;

  /** Updates a group's parameters that have gradients, given in the same order, as is the number of each one's update. */
  protected abstract update(
    params: readonly Parameter[],
    grads: readonly Tensor[],
    settings: Settings,
    numbers: readonly number[],
  ): void;

  /** Names of the state tensors that each parameter has. */
  protected abstract readonly slots: readonly string[];

  /** Steps done. */
  get stepCount(): number {
    return this.done;
  }

  /** Learning rate of the first group. */
  get lr(): number {
    return this.groups[0].settings.lr;
  }

  /**
   * Updates the parameters, clears their gradients and ends the step.
   *
   * @throws what the backward pass failed on, such as `OutOfMemory`, or where the state doesn't fit in memory; no parameter
   * has changed then.
   */
  step(): void {
    try {
      this.assertComputed();
      this.fresh.clear();
      for (const p of this.makeState(this.stateful())) this.fresh.add(p);
      this.done++;
      scope(() => {
        for (const { params, settings } of this.groups) {
          const ready = params.filter((p) => p.grad !== null);
          const grads = ready.flatMap((p) => (p.grad === null ? [] : [p.grad]));
          if (ready.length === 0) continue;
          measured(this.name, ready, () =>
            this.update(
              ready,
              grads,
              settings,
              ready.map((p) => this.countUpdate(p)),
            ),
          );
        }
      });
    } finally {
      this.zeroGrad();
      endStep();
    }
  }

  /** Clears the gradients without a step. */
  zeroGrad(): void {
    for (const { params } of this.groups) {
      for (const p of params) {
        p.grad?.dispose();
        p.grad = null;
      }
    }
  }

  /** Sets the learning rate of every group. */
  setLearningRate(lr: number): void {
    if (!(Number.isFinite(lr) && lr >= 0))
      throw new ArgumentError(this.name, 'lr', 'a number of at least 0', inWords(lr));
    for (const group of this.groups) group.settings = { ...group.settings, lr };
  }

  /** Steps done, settings and state tensors; the tensors are the optimizer's own. */
  stateDict(): OptimizerState {
    const tensors = new Map<string, AnyTensor>();
    const updates: Record<string, number> = {};
    this.groups.forEach(({ params }, g) => {
      params.forEach((p, i) => {
        for (const [slot, t] of this.state.get(p) ?? []) tensors.set(`${g}.${i}.${slot}`, t);
        const count = this.updates.get(p) ?? 0;
        if (count < this.done) updates[`${g}.${i}`] = count;
      });
    });
    return { step: this.done, groups: this.groups.map(({ settings }) => ({ ...settings })), tensors, updates };
  }

  /**
   * Takes over a state that `stateDict` gave, in place of what there was.
   *
   * @throws {ArgumentError} where groups, names or shapes don't fit, or `OutOfMemory`; nothing has changed then.
   */
  loadStateDict(state: OptimizerState): void {
    requireState(this.name, state, this.groups.length);
    const settings = this.groups.map((group, i) => {
      requireKnown(this.name, state.groups[i], group.settings);
      return { ...group.settings, ...state.groups[i] };
    });
    for (const own of settings) this.check(own);
    const places = [...state.tensors].map(([name, value]) => this.place(name, value));
    const stateful = new Set(places.map(({ parameter }) => parameter));
    if (places.length !== stateful.size * this.slots.length) {
      const expected = `${this.slots.join(' and ')} of each parameter that has state`;
      throw new ArgumentError(this.name, 'state.tensors', expected, [...state.tensors.keys()].join(', '));
    }
    this.makeState(stateful);
    for (const p of [...this.state.keys()]) if (!stateful.has(p)) this.drop(p);
    this.groups.forEach((group, i) => {
      group.settings = settings[i];
    });
    this.done = state.step;
    this.groups.forEach(({ params }, g) => {
      params.forEach((p, i) => {
        this.updates.set(p, state.updates?.[`${g}.${i}`] ?? state.step);
      });
    });
    for (const { parameter, slot, value } of places) assign(this.slot(parameter, slot), value);
  }

  private place(name: string, value: AnyTensor): { parameter: Parameter; slot: string; value: AnyTensor } {
    const [g, i, slot] = name.split('.');
    const parameter = this.groups[Number(g)]?.params[Number(i)];
    if (parameter === undefined || !this.slots.includes(slot)) {
      throw new ArgumentError(this.name, 'state.tensors', `group.parameter.${this.slots.join('|')}`, name);
    }
    const argument = `state.tensors.${name}`;
    requireTensor(this.name, argument, value);
    value.assertAlive(this.name);
    assertComputed([value]);
    if (!sameShape(value.shape, parameter.shape))
      throw new ArgumentError(this.name, argument, `shape ${show(parameter.shape)}`, show(value.shape));
    if (value.dtype !== 'float32') throw new ArgumentError(this.name, argument, 'dtype float32', value.dtype);
    return { parameter, slot, value };
  }

  private countUpdate(parameter: Parameter): number {
    const number = (this.updates.get(parameter) ?? 0) + 1;
    this.updates.set(parameter, number);
    return number;
  }

  /** Whether a group's settings ask for state. */
  protected needsState(_settings: Settings): boolean {
    return true;
  }

  /** Whether a parameter had state before this step. */
  protected hasState(parameter: Parameter): boolean {
    return this.state.has(parameter) && !this.fresh.has(parameter);
  }

  /** The parameters whose state a step needs. */
  private stateful(): Parameter[] {
    return this.groups.flatMap(({ params, settings }) =>
      this.needsState(settings) ? params.filter((p) => p.grad !== null) : [],
    );
  }

  /** Makes the state that parameters lack, all of it or none, and says whose it made. */
  private makeState(params: Iterable<Parameter>): readonly Parameter[] {
    const made: Parameter[] = [];
    try {
      for (const p of params) {
        if (this.state.has(p)) continue;
        made.push(p);
        scope(() => {
          for (const name of this.slots) this.slot(p, name);
        });
      }
    } catch (error) {
      for (const p of made) this.drop(p);
      throw error;
    }
    return made;
  }

  private drop(parameter: Parameter): void {
    for (const t of this.state.get(parameter)?.values() ?? []) t.dispose();
    this.state.delete(parameter);
  }

  /** A parameter's state tensor, zeros at first. */
  protected slot(parameter: Parameter, name: string): Tensor {
    let slots = this.state.get(parameter);
    if (slots === undefined) {
      slots = new Map();
      this.state.set(parameter, slots);
    }
    let t = slots.get(name);
    if (t === undefined) {
      t = zeros<'float32'>(parameter.shape);
      const { error } = t.storage;
      if (error !== null) throw error instanceof OutOfMemory ? error.of(`state of ${this.name}`, [parameter]) : error;
      slots.set(name, keep(t));
    }
    return t;
  }

  /** Frees the state. */
  dispose(): void {
    for (const slots of this.state.values()) for (const t of slots.values()) t.dispose();
    this.state.clear();
  }

  private assertComputed(): void {
    for (const { params } of this.groups) {
      for (const p of params) {
        const error = p.grad?.storage.error;
        if (error !== undefined && error !== null) throw error;
      }
    }
  }
}
