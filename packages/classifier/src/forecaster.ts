// What comes next in rows of numbers: series in, series out. No text.
import { Encoder, LearnedPositions } from '@heddle/attention';
import { type Generator, ShapeError, type Tensor } from '@heddle/tensor';
import { Dropout, Linear, Module } from '@heddle/tensor/nn';
import { probability, type Rules, requireConfig, requireSettings, whole } from './problems';

/** Settings of a `Forecaster`. */
export interface ForecasterConfig {
  /** Numbers at each time. */
  readonly features: number;
  /** Times that are read. */
  readonly context: number;
  /** Times that are foretold. */
  readonly horizon: number;
  readonly dim: number;
  readonly layers: number;
  readonly heads: number;
  /** 4 · dim where nothing is said. */
  readonly hiddenDim?: number;
  /** 0 where nothing is said. */
  readonly dropout?: number;
}

const rules: Rules<ForecasterConfig> = {
  features: whole(1, 65_536),
  context: whole(1, 1e6),
  horizon: whole(1, 1e6),
  dim: whole(1, 65_536),
  layers: whole(1, 1_000),
  heads: whole(1, 65_536),
  hiddenDim: whole(1, 1_048_576),
  dropout: probability,
};

/**
 * A transformer over time. Each series is centred on its last value and scaled by its own spread, and the answer is taken
 * back (Kim et al. 2022): what is learned is the shape, not the level.
 *
 * @example
 * ```ts
 * import { Forecaster } from '@heddle/classifier';
 * import { init, mseLoss, randn } from '@heddle/tensor';
 * await init();
 * const model = new Forecaster({ features: 1, context: 24, horizon: 6, dim: 16, layers: 1, heads: 2 });
 * const next = model.call(randn([8, 24, 1])); // [8, 6, 1]
 * mseLoss(next, randn([8, 6, 1])).backward();
 * ```
 */
export class Forecaster extends Module {
  readonly config: Required<ForecasterConfig>;
  readonly embedding: Linear;
  readonly positions: LearnedPositions;
  readonly dropout: Dropout;
  readonly encoder: Encoder;
  readonly head: Linear;

  /** @throws {ArgumentError} listing every setting that is wrong. */
  constructor(config: ForecasterConfig, options: { readonly generator?: Generator } = {}) {
    super();
    requireConfig('Forecaster', config);
    const { generator } = options ?? {};
    const resolved = { ...config, hiddenDim: config.hiddenDim ?? 4 * config.dim, dropout: config.dropout ?? 0 };
    requireSettings('Forecaster', resolved, rules);
    const { features, context, horizon, dim, dropout } = resolved;
    this.config = resolved;
    this.embedding = new Linear({ inputs: features, outputs: dim, generator });
    this.positions = new LearnedPositions({ maxLength: context, dim, generator });
    this.dropout = new Dropout(dropout, { generator });
    this.encoder = new Encoder({ ...resolved, generator });
    this.head = new Linear({ inputs: dim, outputs: horizon * features, generator });
  }

  /**
   * @param series `[B, context, features]`
   * @returns `[B, horizon, features]`
   * @throws {ShapeError} where the series have another length or width.
   */
  override forward(series: Tensor): Tensor {
    const { context, features, horizon } = this.config;
    const [B, T, F] = series.shape;
    if (series.rank !== 3 || T !== context || F !== features)
      throw new ShapeError('Forecaster', 'series', `[batch, ${context}, ${features}]`, `[${series.shape.join(', ')}]`);
    const last = series.slice([null, [T - 1, T]]); // [B, 1, F]
    const spread = series.sub(last).square().mean({ axis: 1, keepdim: true }).add(1e-8).sqrt();
    const x = this.embedding.call(series.sub(last).div(spread)).add(this.positions.call(T)); // [B, T, dim]
    const h = this.encoder.call(this.dropout.call(x)).select(1, T - 1); // [B, dim]
    return this.head.call(h).reshape([B, horizon, features]).mul(spread).add(last);
  }
}
