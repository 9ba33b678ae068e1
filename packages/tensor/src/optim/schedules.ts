// Learning-rate schedules: factors as functions of the step, and the two objects that apply them.
import { ArgumentError } from '../errors';
import { inWords, requireFunction } from '../lifetime';
import { requireOptions } from '../ops/rules';

/** The factor on the base learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

/** The same rate at every step. */
export const constant = (): Schedule => () => 1;

/** The share of the steps that is done; all of it where there are none. */
const progress = (step: number, steps: number): number => (step >= steps ? 1 : step / steps);

const WITH_STEPS = 'an object such as { steps: 100 }';

function requireSteps(op: string, steps: number): void {
  if (!(Number.isFinite(steps) && steps >= 0))
    throw new ArgumentError(op, 'steps', 'a number of at least 0', String(steps));
}

function requireFinite(op: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values))
    if (!Number.isFinite(value)) throw new ArgumentError(op, name, 'a finite number', String(value));
}

/** Straight from `from` to `to` over `steps`, and `to` beyond. */
export function linear(options: { readonly steps: number; readonly from?: number; readonly to?: number }): Schedule {
  const { steps, from = 1, to = 0 } = requireOptions('linear', options, WITH_STEPS);
  requireSteps('linear', steps);
  requireFinite('linear', { from, to });
  return (step) => from + (to - from) * progress(step, steps);
}

/** Half a cosine from 1 to `to` over `steps` (Loshchilov & Hutter 2017), and `to` beyond. */
export function cosine(options: { readonly steps: number; readonly to?: number }): Schedule {
  const { steps, to = 0 } = requireOptions('cosine', options, WITH_STEPS);
  requireSteps('cosine', steps);
  requireFinite('cosine', { to });
  return (step) => to + ((1 - to) * (1 + Math.cos(Math.PI * progress(step, steps)))) / 2;
}

/** Settings of `oneCycle`, named and defaulted as torch's OneCycleLR; the base rate is the greatest. */
export interface OneCycleConfig {
  readonly steps: number;
  /** Share of the steps that the rate rises. */
  readonly rise?: number;
  /** The first rate is the base rate over this. */
  readonly divFactor?: number;
  /** The last rate is the first over this. */
  readonly finalDivFactor?: number;
}

/** Up by half a cosine, then down to almost nothing by another (Smith & Topin 2019), as `torch.optim.lr_scheduler.OneCycleLR`. */
export function oneCycle(config: OneCycleConfig): Schedule {
  const { steps, rise = 0.3, divFactor = 25, finalDivFactor = 1e4 } = requireOptions('oneCycle', config, WITH_STEPS);
  if (!(Number.isInteger(steps) && steps > 0))
    throw new ArgumentError('oneCycle', 'steps', 'a whole number above 0', String(steps));
  if (!(typeof rise === 'number' && rise >= 0 && rise <= 1))
    throw new ArgumentError('oneCycle', 'rise', 'a share in [0, 1]', String(rise));
  requireFinite('oneCycle', { divFactor, finalDivFactor, first: 1 / divFactor, last: 1 / finalDivFactor });
  const first = 1 / divFactor;
  const last = first / finalDivFactor;
  const top = rise * steps - 1;
  const anneal = (from: number, to: number, share: number): number =>
    to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
  return (step) => {
    const at = Math.min(step, steps - 1);
    // A rise of one step begins at the top.
    return at <= top ? anneal(first, 1, top === 0 ? 1 : at / top) : anneal(1, last, (at - top) / (steps - 1 - top));
  };
}

/** Rises from almost nothing over `steps`, then follows `then` from its beginning: `(step + 1) / steps` while it warms up. */
export function warmup(steps: number, then: Schedule = constant()): Schedule {
  if (!(Number.isInteger(steps) && steps >= 0))
    throw new ArgumentError('warmup', 'steps', 'a whole number of at least 0', String(steps));
  requireFunction('warmup', 'then', then);
  return (step) => (step < steps ? (step + 1) / steps : then(step - steps));
}

/** What schedules steer: an optimizer's groups. */
interface Steered {
  readonly groups: readonly { settings: { readonly lr: number } }[];
}

function requireSteered(op: string, optimizer: Steered): void {
  if (!Array.isArray(optimizer?.groups)) throw new ArgumentError(op, 'optimizer', 'an optimizer', inWords(optimizer));
}

/** Everything a schedule needs to go on where it was. */
export type ScheduleState = Readonly<Record<string, number | readonly number[]>>;

function numberOf(op: string, state: ScheduleState, name: string): number {
  const value = stateOf(op, state)[name];
  if (typeof value !== 'number') throw new ArgumentError(op, `state.${name}`, 'a number', inWords(value));
  return value;
}

function stateOf(op: string, state: ScheduleState): Readonly<Record<string, unknown>> {
  if (typeof state !== 'object' || state === null)
    throw new ArgumentError(op, 'state', 'what state() gave', inWords(state));
  return state;
}

/**
 * Applies a schedule to an optimizer: each group's rate is its own base rate times the factor.
 *
 * @example
 * ```ts
 * import { init, ones } from '@heddle/tensor';
 * import { Parameter } from '@heddle/tensor/nn';
 * import { AdamW, cosine, LearningRate, warmup } from '@heddle/tensor/optim';
 * await init();
 * const optimizer = new AdamW([new Parameter(ones([2]))], { lr: 1e-3 });
 * const schedule = new LearningRate(optimizer, warmup(10, cosine({ steps: 90 })));
 * schedule.step(); // after each optimizer.step()
 * console.log(optimizer.lr);
 * ```
 */
export class LearningRate {
  private at = 0;
  private readonly base: readonly number[];

  constructor(
    private readonly optimizer: Steered,
    private readonly schedule: Schedule,
  ) {
    requireSteered('LearningRate', optimizer);
    requireFunction('LearningRate', 'schedule', schedule);
    this.base = optimizer.groups.map((group) => group.settings.lr);
    this.apply();
  }

  /** Goes to the next step's rate. */
  step(): void {
    this.at++;
    this.apply();
  }

  state(): ScheduleState {
    return { at: this.at };
  }

  restore(state: ScheduleState): void {
    this.at = numberOf('LearningRate', state, 'at');
    this.apply();
  }

  private apply(): void {
    const factor = this.schedule(this.at);
    this.optimizer.groups.forEach((group, i) => {
      group.settings = { ...group.settings, lr: this.base[i] * factor };
    });
  }
}

/** Settings of `ReduceOnPlateau`, as torch's ReduceLROnPlateau. */
export interface PlateauConfig {
  /** Whether a smaller or a greater metric is better. */
  readonly mode?: 'min' | 'max';
  readonly factor?: number;
  /** Epochs without progress that are waited out. */
  readonly patience?: number;
  /** Relative progress that counts. */
  readonly threshold?: number;
  readonly cooldown?: number;
  readonly minLr?: number;
  /** Cuts of at most this are left out. */
  readonly eps?: number;
}

/** Cuts the rate when a metric stops getting better, as `torch.optim.lr_scheduler.ReduceLROnPlateau`. */
export class ReduceOnPlateau {
  private best: number;
  private bad = 0;
  private cooling = 0;
  private readonly config: Required<PlateauConfig>;

  constructor(
    private readonly optimizer: Steered,
    config: PlateauConfig = {},
  ) {
    requireSteered('ReduceOnPlateau', optimizer);
    this.config = {
      mode: 'min',
      factor: 0.1,
      patience: 10,
      threshold: 1e-4,
      cooldown: 0,
      minLr: 0,
      eps: 1e-8,
      ...requireOptions('ReduceOnPlateau', config),
    };
    const { mode, factor, patience, cooldown, threshold, minLr, eps } = this.config;
    if (mode !== 'min' && mode !== 'max')
      throw new ArgumentError('ReduceOnPlateau', 'mode', "'min' or 'max'", String(mode));
    if (!(factor > 0 && factor < 1))
      throw new ArgumentError('ReduceOnPlateau', 'factor', 'a number in (0, 1)', String(factor));
    requireFinite('ReduceOnPlateau', { patience, cooldown, threshold, minLr, eps });
    this.best = this.worst;
  }

  private get worst(): number {
    return this.config.mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  /** Takes in the metric of an epoch. */
  step(metric: number): void {
    if (typeof metric !== 'number') throw new ArgumentError('ReduceOnPlateau', 'metric', 'a number', inWords(metric));
    const { mode, factor, patience, threshold, cooldown, minLr, eps } = this.config;
    const better = mode === 'min' ? metric < this.best * (1 - threshold) : metric > this.best * (1 + threshold);
    if (better) {
      this.best = metric;
      this.bad = 0;
    } else this.bad++;
    if (this.cooling > 0) {
      this.cooling--;
      this.bad = 0;
    }
    if (this.bad > patience) {
      for (const group of this.optimizer.groups) {
        const { lr } = group.settings;
        const less = Math.max(lr * factor, minLr);
        if (lr - less > eps) group.settings = { ...group.settings, lr: less };
      }
      this.cooling = cooldown;
      this.bad = 0;
    }
  }

  state(): ScheduleState {
    return {
      best: this.best,
      bad: this.bad,
      cooling: this.cooling,
      lr: this.optimizer.groups.map((group) => group.settings.lr),
    };
  }

  restore(state: ScheduleState): void {
    const op = 'ReduceOnPlateau';
    const { best, lr: rates } = stateOf(op, state);
    const { groups } = this.optimizer;
    if (!Array.isArray(rates) || rates.length !== groups.length || rates.some((rate) => typeof rate !== 'number'))
      throw new ArgumentError(op, 'state.lr', `a list of ${groups.length} numbers`, inWords(rates));
    const [bad, cooling] = [numberOf(op, state, 'bad'), numberOf(op, state, 'cooling')];
    // JSON has no infinity, which is the best before the first metric.
    this.best = best === null ? this.worst : numberOf(op, state, 'best');
    this.bad = bad;
    this.cooling = cooling;
    groups.forEach((group, i) => {
      group.settings = { ...group.settings, lr: rates[i] };
    });
  }
}
