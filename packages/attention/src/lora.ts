// Low-rank adaptation (Hu et al. 2022): a model's linear maps stay as they are, and small matrices beside them learn what
// to add. Written and read in the layout of PEFT.
import {
  type AnyTensor,
  ArgumentError,
  dropout,
  FormatError,
  linear,
  noGrad,
  scope,
  type Tensor,
  zeros,
} from '@heddle/tensor';
import { loadSafetensors, readJson, type Source, saveSafetensors, writeFile } from '@heddle/tensor/io';
import { assign, fanInUniform, type InitializerOptions, Linear, Module, Parameter } from '@heddle/tensor/nn';
import { requireProbability, requireWhole } from './errors';
import { activate } from './feed-forward';
import type { ModelTarget } from './models/architecture';
import { type CheckpointLayout, checkpointModule } from './models/checkpoint';
import { ConfigReader } from './models/config-reader';

/** Settings of `Lora`. */
export interface LoraConfig extends InitializerOptions {
  /** Width of the narrow place between the two small matrices. */
  readonly rank: number;
  /** What is added is scaled by alpha / rank: alpha is the rank where nothing is said. */
  readonly alpha?: number | undefined;
  /** Of what goes into the small matrices, while training. */
  readonly dropout?: number | undefined;
  /** Names of the linear maps: all of attention's projections where nothing is said. */
  readonly targets?: RegExp | undefined;
  /** Scales by alpha / √rank instead (Kalajdzievski 2023), so that large ranks still learn. */
  readonly rankStabilized?: boolean | undefined;
}

/** A model whose names in checkpoints are known. */
export type Adaptable = Module & { readonly layout?: CheckpointLayout };

/** The small matrices beside one linear map. */
class LoraPair extends Module {
  /** `[rank, in]` */
  readonly a: Parameter;
  /** `[out, rank]`: zeros at first, so that nothing changes before it learns. */
  readonly b: Parameter;

  constructor(
    readonly target: string,
    [outputs, inputs]: readonly number[],
    private readonly config: LoraConfig,
  ) {
    super();
    const { rank, generator } = config;
    this.a = new Parameter(fanInUniform([rank, inputs], inputs, { generator }));
    this.b = new Parameter(zeros([outputs, rank]));
  }

  /** What is added: `[…, in]` to `[…, out]`. */
  override forward(x: Tensor): Tensor {
    const { dropout: p = 0, generator } = this.config;
    const dropped = this.training && p > 0 ? dropout(x, p, generator === undefined ? {} : { generator }) : x;
    return linear(linear(dropped, this.a), this.b).mul(this.scale);
  }

  /** The same as a matrix, `[out, in]`. */
  delta(): Tensor {
    return this.b.matmul(this.a).mul(this.scale);
  }

  private get scale(): number {
    const { rank, alpha = rank, rankStabilized } = this.config;
    return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
  }
}

/** The pairs that are in use beside each linear map. */
const beside = new WeakMap<Linear, Set<LoraPair>>();

/** The active pairs of a map, whose `forward` now adds them. */
function pairsOf(map: Linear): Set<LoraPair> {
  const known = beside.get(map);
  if (known !== undefined) return known;
  const pairs = new Set<LoraPair>();
  const plain = map.forward.bind(map);
  const forward = (x: Tensor): Tensor => {
    if (pairs.size === 0) return plain(x);
    let y = linear(x, map.weight, { bias: map.bias ?? undefined });
    for (const pair of pairs) y = y.add(pair.call(x));
    return map.activation === 'none' ? y : activate(y, map.activation);
  };
  // Not enumerable: a module's fields are its parts.
  Object.defineProperty(map, 'forward', { value: forward, enumerable: false });
  beside.set(map, pairs);
  return pairs;
}

/**
 * An adapter of a model. Making one freezes the model and puts the adapter in use; its own parameters are what is
 * trained. Several can stand beside one model: `disable` one to use another.
 *
 * @example
 * ```ts
 * import { Gpt2, gpt2Config, Lora } from '@heddle/attention';
 * import { crossEntropy, init, tensor } from '@heddle/tensor';
 * import { AdamW } from '@heddle/tensor/optim';
 * await init({ seed: 1 });
 * const model = new Gpt2(gpt2Config({ vocabSize: 50, dim: 32, layers: 1, heads: 2, maxLength: 16 }));
 * const lora = new Lora(model, { rank: 4, alpha: 8 });
 * const optimizer = new AdamW(lora.parameters(), { lr: 1e-2 });
 * const loss = crossEntropy(model.call({ ids: tensor([[1, 2, 3]], { dtype: 'int32' }) }), [2, 3, 4]);
 * loss.backward();
 * optimizer.step(); // the model's own weights are as they were
 * ```
 */
export class Lora extends Module {
  readonly pairs: readonly LoraPair[];
  // Not fields: the model is no part of its adapter.
  readonly #model: Adaptable;
  readonly #maps: readonly Linear[];
  #originals: readonly Tensor[] | null = null;

  /** @throws {ArgumentError} where no linear map has a name that matches. */
  constructor(
    model: Adaptable,
    readonly config: LoraConfig,
  ) {
    super();
    const { targets = /(self_attn|multihead_attn)\.\w+_proj$/, alpha, dropout: p = 0 } = config;
    requireWhole('Lora', 'rank', config.rank);
    requireProbability('Lora', 'dropout', p);
    if (alpha !== undefined && !Number.isFinite(alpha))
      throw new ArgumentError('Lora', 'alpha', 'a number', String(alpha));
    const linears = linearsOf(model);
    const found = [...linears].filter(([name]) => targets.test(name));
    if (found.length === 0)
      throw new ArgumentError(
        'Lora',
        'targets',
        `a pattern of some of ${[...linears.keys()].join(', ')}`,
        String(targets),
      );
    this.#model = model;
    this.#maps = found.map(([, map]) => map);
    this.pairs = found.map(([name, map]) => new LoraPair(name, map.weight.shape, config));
    model.freeze();
    this.enable();
  }

  /** Names of the linear maps that it stands beside. */
  get targets(): readonly string[] {
    return this.pairs.map(({ target }) => target);
  }

  /** Adds what was learned to the maps' results. */
  enable(): void {
    this.pairs.forEach((pair, i) => {
      pairsOf(this.#maps[i]).add(pair);
    });
  }

  /** Leaves the model as if there were no adapter. */
  disable(): void {
    this.unmerge();
    this.pairs.forEach((pair, i) => {
      pairsOf(this.#maps[i]).delete(pair);
    });
  }

  /** Adds what was learned to the weights themselves, so that it costs nothing. */
  merge(): void {
    if (this.#originals !== null) return;
    const maps = this.#maps;
    this.#originals = noGrad(() => maps.map(({ weight }) => scope(() => weight.mul(1).keep())));
    noGrad(() =>
      this.pairs.forEach((pair, i) => {
        scope(() => assign(maps[i].weight, maps[i].weight.add(pair.delta())));
        pairsOf(maps[i]).delete(pair);
      }),
    );
  }

  /** Takes the weights back to what they were, bit for bit. */
  unmerge(): void {
    const originals = this.#originals;
    if (originals === null) return;
    this.#originals = null;
    originals.forEach((original, i) => {
      assign(this.#maps[i].weight, original);
      original.dispose();
    });
    this.enable();
  }

  override forward(): never {
    throw new TypeError('Lora: forward: call the model that it was made for');
  }

  /**
   * Writes adapter_config.json and adapter_model.safetensors, as PEFT has them.
   *
   * @throws {ArgumentError} where the checkpoint's format holds several of the adapted maps as one.
   */
  async save(target: ModelTarget): Promise<void> {
    const into = typeof target === 'string' ? {} : { into: target };
    const at = (file: string): string =>
      typeof target === 'string' ? `${target.replace(/[/\\]+$/, '')}/${file}` : file;
    const { rank, alpha = rank, dropout: p = 0, rankStabilized = false } = this.config;
    const names = this.pairs.map(({ target: name }) => this.theirs(name));
    const state = new Map<string, AnyTensor>();
    this.pairs.forEach(({ a, b }, i) => {
      state.set(`${PREFIX}${names[i]}.lora_A.weight`, a).set(`${PREFIX}${names[i]}.lora_B.weight`, b);
    });
    await saveSafetensors(at('adapter_model.safetensors'), state, { metadata: { format: 'pt' }, ...into });
    const config = {
      peft_type: 'LORA',
      r: rank,
      lora_alpha: alpha,
      lora_dropout: p,
      use_rslora: rankStabilized,
      target_modules: [...new Set(names.map((name) => name.slice(name.lastIndexOf('.') + 1)))].sort(),
      bias: 'none',
      fan_in_fan_out: false,
      inference_mode: true,
      base_model_name_or_path: null,
      task_type: null,
    };
    await writeFile(at('adapter_config.json'), `${JSON.stringify(config, null, 2)}\n`, into);
  }

  /**
   * Reads an adapter in PEFT's layout and puts it in use.
   *
   * @throws {FormatError} listing everything that is wrong with the files.
   * @example
   * ```ts
   * import { Llama, llamaConfig, Lora } from '@heddle/attention';
   * import { init } from '@heddle/tensor';
   * await init();
   * const model = new Llama(llamaConfig({ vocabSize: 50, dim: 16, hiddenDim: 32, layers: 1, heads: 2 }));
   * const files = new Map<string, Uint8Array>();
   * await new Lora(model, { rank: 2 }).save(files);
   * const lora = await Lora.load(model, files);
   * console.log(lora.targets);
   * ```
   */
  static async load(model: Adaptable, source: Source): Promise<Lora> {
    const reader = new ConfigReader((await readJson(source, FILE)) as Readonly<Record<string, unknown>>, FILE);
    reader.word('peft_type', ['LORA']);
    reader.word('bias', ['none'], 'none');
    if (reader.flag('use_dora', false)) reader.problem('use_dora: true is not supported');
    const config = reader.done(
      {
        rank: reader.whole('r'),
        alpha: reader.number('lora_alpha'),
        dropout: reader.number('lora_dropout', 0),
        rankStabilized: reader.flag('use_rslora', false),
      },
      () => 0,
    );
    const files =
      source instanceof Map ? renamed(source) : `${String(source).replace(/[/\\]+$/, '')}/adapter_model.safetensors`;
    const state = await loadSafetensors(files);
    try {
      const named = [...linearsOf(model).keys()].filter((name) =>
        state.has(`${PREFIX}${checkpointModule(model.layout, name)}.lora_A.weight`),
      );
      const used = new Set(
        named.flatMap((name) =>
          ['A', 'B'].map((m) => `${PREFIX}${checkpointModule(model.layout, name)}.lora_${m}.weight`),
        ),
      );
      const strange = [...state.keys()].filter((key) => !used.has(key));
      const missing = [...used].filter((key) => !state.has(key));
      if (strange.length + missing.length > 0 || named.length === 0)
        throw new FormatError(
          'adapter_model.safetensors',
          `unexpected: ${strange.join(', ') || 'none'} · missing: ${missing.join(', ') || 'none'}`,
        );
      const lora = new Lora(model, { ...config, targets: new RegExp(`^(${named.map(escaped).join('|')})$`) });
      for (const pair of lora.pairs) {
        const name = `${PREFIX}${lora.theirs(pair.target)}`;
        const weights = [
          [pair.a, `${name}.lora_A.weight`],
          [pair.b, `${name}.lora_B.weight`],
        ] as const;
        for (const [to, key] of weights) assign(to, state.get(key) ?? to);
      }
      return lora;
    } finally {
      for (const t of state.values()) t.dispose();
    }
  }

  private theirs(name: string): string {
    const found = checkpointModule(this.#model.layout, name);
    if (found === null)
      throw new ArgumentError(
        'Lora',
        'targets',
        'maps that stand alone in the checkpoint, so that PEFT can name them',
        name,
      );
    return found;
  }
}

const PREFIX = 'base_model.model.';
const FILE = 'adapter_config.json';

const escaped = (name: string): string => name.replace(/\./g, '\\.');

/** The folder in memory with the adapter's weights where weights are looked for. */
function renamed(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const bytes = files.get('adapter_model.safetensors');
  if (bytes === undefined) throw new FormatError('adapter_model.safetensors', 'there is no such file');
  return bytes;
}

/** The linear maps of a model, by name. */
function linearsOf(model: Module): Map<string, Linear> {
  const found = new Map<string, Linear>();
  for (const { name, module } of model.namedModules()) if (module instanceof Linear) found.set(name, module);
  return found;
}
