// Low-rank adaptation (Hu et al. 2022): a model's linear maps stay as they are, and small matrices beside them learn what
// to add.
import { ArgumentError } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { HalfLinear, type InitializerOptions, Linear, type Module, QuantizedLinear } from '@heddle/tensor/nn';
import { requireModule, requireOptions, requireProbability, requireWhole } from '../errors';
import { type CheckpointLayout, packedWith } from '../models/checkpoint-layout';
import type { ModelTarget } from '../models/folder-target';
import { adaptersOf } from './adapted-linear';
import { Adapter } from './adapter';
import { loadLora, saveLora } from './lora-files';
import { LoraPair, type Site } from './lora-pair';
import { type SavedPart, savedParts } from './saved-parts';

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
  /** Learns the length of each row of the weights apart from its direction: DoRA (Liu et al. 2024). */
  readonly weightDecomposed?: boolean | undefined;
  /** Names of parts that are trained whole and saved with the adapter: a new head. */
  readonly modulesToSave?: RegExp | undefined;
}

/** A model whose names in checkpoints are known. */
export type Adaptable = Module & { readonly layout?: CheckpointLayout };

/** How one site differs from the adapter's own settings. */
export interface SiteSettings {
  readonly rank?: number;
  readonly alpha?: number;
}

/**
 * An adapter of a model. Making one freezes the model and puts the adapter in use; `parameters()` are what is trained.
 * Several can stand beside one model: `useAlone` switches to one, `disable` takes it away.
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
export class Lora<M extends Adaptable = Adaptable> extends Adapter<M> {
  readonly pairs: readonly LoraPair[];
  /** Parts of the model that are trained whole. */
  readonly saved: readonly Module[];
  // Not a field: they are the model's.
  readonly #parts: readonly SavedPart[];

  /**
   * @param settings of single sites, by the first map's name: an adapter that was loaded may have ranks of its own
   * @throws {ArgumentError} where no linear map has a name that matches, or one that does was rounded to fewer bits.
   */
  constructor(
    model: M,
    readonly config: LoraConfig,
    settings: ReadonlyMap<string, SiteSettings> = new Map(),
  ) {
    requireModule('Lora', model);
    requireOptions('Lora', config, 'config');
    super(model);
    const { targets = /(self_attn|multihead_attn)\.\w+_proj$/, rank, alpha = rank, dropout: p = 0 } = config;
    requireWhole('Lora', 'rank', rank);
    requireProbability('Lora', 'dropout', p);
    if (!Number.isFinite(alpha)) throw new ArgumentError('Lora', 'alpha', 'a number', String(alpha));
    requireFloats(model, targets);
    const linears = linearsOf(model);
    const found = new Map([...linears].filter(([name]) => targets.test(name)));
    if (found.size === 0) {
      const names = [...linears.keys()].join(', ');
      throw new ArgumentError('Lora', 'targets', `a pattern of some of ${names}`, String(targets));
    }
    this.pairs = sitesOf(model, found).map((site) => {
      const own = settings.get(site.names[0]);
      return new LoraPair(site, config, own?.rank ?? rank, own?.alpha ?? alpha);
    });
    this.#parts = savedParts('Lora', model, config.modulesToSave);
    this.saved = this.#parts.map(({ module }) => module);
    model.freeze();
    for (const part of this.saved) part.unfreeze();
    this.enable();
  }

  /** The parts that are trained whole, by their names in the model. */
  get savedParts(): readonly SavedPart[] {
    return this.#parts;
  }

  /** Names of the linear maps that it stands beside. */
  get targets(): readonly string[] {
    return this.pairs.flatMap(({ targets }) => targets);
  }

  /** Adds what was learned to the maps' results. */
  enable(): void {
    for (const [map, beside] of this.places()) adaptersOf(map).enable(beside);
  }

  /** Leaves the model as if there were no such adapter. */
  disable(): void {
    for (const [map, beside] of this.places()) adaptersOf(map).disable(beside);
  }

  /** Takes every other adapter of the model away, and enables this one. */
  useAlone(): void {
    for (const map of linearsOf(this.model).values()) adaptersOf(map).disableAll();
    this.enable();
  }

  /** Adds what was learned to the weights themselves, so that it costs nothing. */
  merge(): void {
    for (const [map, beside] of this.places()) adaptersOf(map).merge(beside);
  }

  /** Takes the weights back to what they were without this adapter: bit for bit, where it was the only one merged. */
  unmerge(): void {
    for (const [map, beside] of this.places()) adaptersOf(map).unmerge(beside);
  }

  /** What the model makes of its inputs: a trainer of the adapter calls the adapter. */
  override forward(...inputs: Parameters<M['forward']>): ReturnType<M['forward']> {
    return this.model.call(...inputs);
  }

  /** Takes it from the model and frees it. */
  override dispose(): void {
    this.disable();
    for (const pair of this.pairs) pair.dispose();
  }

  /** Writes adapter_config.json and adapter_model.safetensors, as PEFT has them. */
  async save(target: ModelTarget): Promise<void> {
    await saveLora(this, target);
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
  static async load<M extends Adaptable>(model: M, source: Source): Promise<Lora<M>> {
    return loadLora(model, source);
  }

  private places(): LoraPair['places'] {
    return this.pairs.flatMap(({ places }) => places);
  }
}

/** The linear maps of a model, by name. */
export function linearsOf(model: Module): Map<string, Linear> {
  const found = new Map<string, Linear>();
  for (const { name, module } of model.namedModules()) if (module instanceof Linear) found.set(name, module);
  return found;
}

/** Refuses maps whose weights were rounded: what is learned beside them could never be merged into them. */
function requireFloats(model: Module, targets: RegExp): void {
  for (const { name, module } of model.namedModules()) {
    if (!((module instanceof QuantizedLinear || module instanceof HalfLinear) && targets.test(name))) continue;
    const bits = module instanceof QuantizedLinear ? '8-bit integers' : module.format;
    throw new ArgumentError('Lora', 'model', 'weights in float32 (load it without a dtype)', `${bits} in ${name}`);
  }
}

/** Maps that a checkpoint holds as one share a site, as PEFT sees one map there. */
function sitesOf(model: Adaptable, maps: ReadonlyMap<string, Linear>): Site[] {
  const groups = new Map<string, [string, Linear][]>();
  for (const [name, map] of maps) {
    const key = packedWith(model.layout, name)?.theirs ?? name;
    groups.set(key, [...(groups.get(key) ?? []), [name, map]]);
  }
  return [...groups.values()].map((members) => ({
    names: members.map(([name]) => name),
    maps: members.map(([, map]) => map),
  }));
}
