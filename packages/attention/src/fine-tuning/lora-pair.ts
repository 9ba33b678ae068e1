// The two small matrices of a low-rank adapter beside one linear map, or beside several that a checkpoint holds as one.
import { concat, dropout, linear, noGrad, type Tensor, zeros } from '@heddle/tensor';
import { fanInUniform, type Linear, Module, Parameter } from '@heddle/tensor/nn';
import type { Beside } from './adapted-linear';
import type { LoraConfig } from './lora';

/** Linear maps that share an input: one alone, or the queries, keys and values of a packed projection. */
export interface Site {
  /** Our names of the maps. */
  readonly names: readonly string[];
  readonly maps: readonly Linear[];
}

/** What is learned at one site. */
export class LoraPair extends Module {
  /** `[rank, in]` */
  readonly a: Parameter;
  /** `[out, rank]`, the maps' rows one below the other: zeros at first, so that nothing changes before it learns. */
  readonly b: Parameter;
  /** Length of each row of the adapted weights, `[out]`, where direction and length are learned apart (DoRA). */
  readonly magnitude: Parameter | null;
  readonly #site: Site;
  readonly #beside: readonly Beside[];

  constructor(
    site: Site,
    private readonly config: LoraConfig,
    readonly rank: number,
    readonly alpha: number,
  ) {
    super();
    const { generator, weightDecomposed = false } = config;
    const inputs = site.maps[0].weight.shape[1];
    const outputs = site.maps.reduce((sum, { weight }) => sum + weight.shape[0], 0);
    this.#site = site;
    this.a = new Parameter(fanInUniform([rank, inputs], inputs, { generator }));
    this.b = new Parameter(zeros([outputs, rank]));
    this.magnitude = weightDecomposed ? new Parameter(lengths(site.maps)) : null;
    let begin = 0;
    this.#beside = site.maps.map((map) => {
      const rows = [begin, begin + map.weight.shape[0]] as const;
      begin = rows[1];
      // Whether dropout is on, the model says: the adapter is no part of it, and doesn't hear its `eval`.
      const added = (x: Tensor, own: Tensor): Tensor => this.added(map.training ? this.dropped(x) : x, own, rows);
      return { added, delta: (own) => this.delta(own, rows) };
    });
  }

  /** Names of the maps that it stands beside. */
  get targets(): readonly string[] {
    return this.#site.names;
  }

  /** Each map with what is done to it. */
  get places(): readonly (readonly [Linear, Beside])[] {
    return this.#site.maps.map((map, i) => [map, this.#beside[i]]);
  }

  override forward(): never {
    throw new TypeError('LoraPair: forward: call the model that it was made for');
  }

  private added(x: Tensor, own: Tensor, rows: readonly [number, number]): Tensor {
    const low = linear(linear(x, this.a), this.b.slice([rows])).mul(this.scale);
    if (this.magnitude === null) return low;
    const stretch = this.stretch(this.magnitude, own, rows);
    return linear(x, own).mul(stretch.sub(1)).add(low.mul(stretch));
  }

  private dropped(x: Tensor): Tensor {
    const { dropout: p = 0, generator } = this.config;
    return p > 0 ? dropout(x, p, { generator }) : x;
  }

  private delta(own: Tensor, rows: readonly [number, number]): Tensor {
    const low = this.b.slice([rows]).matmul(this.a).mul(this.scale);
    if (this.magnitude === null) return low;
    return own
      .add(low)
      .mul(this.stretch(this.magnitude, own, rows).unsqueeze(1))
      .sub(own);
  }

  /** Learned length over length, of each row. The latter counts as fixed (Liu et al. 2024, section 4.3). */
  private stretch(magnitude: Tensor, own: Tensor, rows: readonly [number, number]): Tensor {
    const length = noGrad(() => {
      const low = this.b.slice([rows]).matmul(this.a).mul(this.scale);
      return own.add(low).norm({ axis: 1 });
    });
    return magnitude.slice([rows]).div(length);
  }

  private get scale(): number {
    return this.alpha / (this.config.rankStabilized ? Math.sqrt(this.rank) : this.rank);
  }
}

/** Length of each row of the maps' weights. */
function lengths(maps: readonly Linear[]): Tensor {
  return noGrad(() => concat(maps.map(({ weight }) => weight.norm({ axis: 1 }))));
}
