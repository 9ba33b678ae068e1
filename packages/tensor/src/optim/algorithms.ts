// The optimizers. Each is its settings and one call of the backend's kernel over all parameters.
import { ArgumentError } from '../errors';
import { inWords } from '../lifetime';
import type { Parameter } from '../nn/parameter';
import type { Tensor } from '../tensor';
import { type BaseSettings, Optimizer, type ParameterGroup } from './optimizer';

/** Parameters, alone or in groups with settings of their own. */
type Params<Settings> = readonly Parameter[] | readonly ParameterGroup<Settings>[];

const ANY = Number.POSITIVE_INFINITY;

/** Throws where a setting isn't a number in `[0, high)`. */
function requireSettings<Settings extends object>(
  op: string,
  settings: Settings,
  limits: { readonly [K in keyof Settings]?: number },
): void {
  for (const name of Object.keys(limits) as (keyof Settings & string)[]) {
    const value: unknown = settings[name];
    if (!(typeof value === 'number' && value >= 0 && value < Number(limits[name])))
      throw new ArgumentError(op, name, `a number in [0, ${limits[name]})`, inWords(value));
  }
}

/** Settings of SGD, as torch.optim.SGD has them. */
export interface SgdConfig extends BaseSettings {
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
}

/**
 * Stochastic gradient descent with momentum and Nesterov's variant, as `torch.optim.SGD`.
 *
 * @example
 * ```ts
 * import { init, ones } from '@heddle/tensor';
 * import { Parameter } from '@heddle/tensor/nn';
 * import { SGD } from '@heddle/tensor/optim';
 * await init();
 * const w = new Parameter(ones([2]));
 * const optimizer = new SGD([w], { lr: 0.1, momentum: 0.9 });
 * w.mul(w).sum().backward();
 * optimizer.step();
 * console.log(await w.data()); // Float32Array [0.8, 0.8]
 * ```
 */
export class SGD extends Optimizer<SgdConfig> {
  protected override readonly slots = ['momentum'];

  constructor(params: Params<SgdConfig>, config: Partial<SgdConfig> & BaseSettings) {
    // There is no rate that suits all: one is asked for.
    const defaults = { lr: Number.NaN, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 };
    super('SGD', params, defaults, config);
  }

  protected override check(settings: SgdConfig): void {
    requireSettings('SGD', settings, { lr: ANY, momentum: ANY, weightDecay: ANY });
    const { dampening, nesterov, momentum } = settings;
    if (!Number.isFinite(dampening)) throw new ArgumentError('SGD', 'dampening', 'a finite number', inWords(dampening));
    if (typeof nesterov !== 'boolean') throw new ArgumentError('SGD', 'nesterov', 'true or false', inWords(nesterov));
    if (nesterov && (momentum <= 0 || dampening !== 0))
      throw new ArgumentError('SGD', 'nesterov', 'a momentum above 0 and no dampening beside nesterov');
  }

  protected override needsState({ momentum }: SgdConfig): boolean {
    return momentum !== 0;
  }

  protected override update(params: readonly Parameter[], grads: readonly Tensor[], settings: SgdConfig): void {
    const { inPlace } = params[0].storage.backend;
    if (settings.momentum === 0) {
      inPlace.sgd(params, grads, null, { ...settings, first: false });
      return;
    }
    // A buffer's first step takes the gradient as it is, as torch does; parameters may join later than others.
    const running = params.map((p) => this.hasState(p));
    for (const first of [true, false]) {
      const chosen = (_: unknown, i: number): boolean => running[i] !== first;
      const own = params.filter(chosen);
      if (own.length === 0) continue;
      const velocity = own.map((p) => this.slot(p, 'momentum'));
      inPlace.sgd(own, grads.filter(chosen), velocity, { ...settings, first });
    }
  }
}

/** Settings of Adam and AdamW, as torch.optim has them. */
export interface AdamConfig extends BaseSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
}

/** Adam (Kingma & Ba 2015), as `torch.optim.Adam`: weight decay is added to the gradient. */
export class Adam extends Optimizer<AdamConfig> {
  protected override readonly slots = ['m', 'v'];
  protected readonly decoupled: boolean = false;

  constructor(params: Params<AdamConfig>, config: Partial<AdamConfig> = {}, name = 'Adam', weightDecay = 0) {
    super(name, params, { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay }, config);
  }

  protected override check(settings: AdamConfig): void {
    requireSettings(this.name, settings, { lr: ANY, beta1: 1, beta2: 1, eps: ANY, weightDecay: ANY });
  }

  protected override update(
    params: readonly Parameter[],
    grads: readonly Tensor[],
    settings: AdamConfig,
    numbers: readonly number[],
  ): void {
    const { inPlace } = params[0].storage.backend;
    // The bias of the averages is corrected by each parameter's own updates, as torch does.
    for (const step of new Set(numbers)) {
      const chosen = (_: unknown, i: number): boolean => numbers[i] === step;
      const own = params.filter(chosen);
      const m = own.map((p) => this.slot(p, 'm'));
      const v = own.map((p) => this.slot(p, 'v'));
      inPlace.adam(own, grads.filter(chosen), m, v, { ...settings, decoupled: this.decoupled, step });
    }
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019), as `torch.optim.AdamW`; decay is 0.01 where nothing is said.
 *
 * @example
 * ```ts
 * import { init, ones } from '@heddle/tensor';
 * import { Parameter } from '@heddle/tensor/nn';
 * import { AdamW } from '@heddle/tensor/optim';
 * await init();
 * const w = new Parameter(ones([2]));
 * const optimizer = new AdamW([w], { lr: 1e-3 });
 * w.mul(w).sum().backward();
 * optimizer.step();
 * ```
 */
export class AdamW extends Adam {
  protected override readonly decoupled = true;

  constructor(params: Params<AdamConfig>, config: Partial<AdamConfig> = {}) {
    super(params, config, 'AdamW', 0.01);
  }
}

/** Settings of Lion. */
export interface LionConfig extends BaseSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
}

/** Lion (Chen et al. 2023, "Symbolic discovery of optimization algorithms"): the sign of an interpolated momentum. */
export class Lion extends Optimizer<LionConfig> {
  protected override readonly slots = ['momentum'];

  constructor(params: Params<LionConfig>, config: Partial<LionConfig> = {}) {
    super('Lion', params, { lr: 1e-4, beta1: 0.9, beta2: 0.99, weightDecay: 0 }, config);
  }

  protected override check(settings: LionConfig): void {
    requireSettings('Lion', settings, { lr: ANY, beta1: 1, beta2: 1, weightDecay: ANY });
  }

  protected override update(params: readonly Parameter[], grads: readonly Tensor[], settings: LionConfig): void {
    const momentum = params.map((p) => this.slot(p, 'momentum'));
    params[0].storage.backend.inPlace.lion(params, grads, momentum, settings);
  }
}
