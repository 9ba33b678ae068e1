// What a family of models is to the loader, and loading and saving for all of them.
import { ArgumentError, backendInfo, FormatError, scope } from '@heddle/tensor';
import {
  type CheckpointFile,
  openCheckpoint,
  readJson,
  type SavedFloat,
  type Source,
  writeFile,
} from '@heddle/tensor/io';
import { type Module, skipInit } from '@heddle/tensor/nn';
import { requireOptions } from '../errors';
import type { Generative } from '../generation/options';
import { type LoadCheckpointOptions, type LoadedDType, loadCheckpoint } from './checkpoint';
import type { CheckpointLayout } from './checkpoint-layout';
import { type ConfigJson, ConfigReader } from './config-reader';
import type { DecoderLM } from './decoder-lm';
import { folderAt, type ModelTarget } from './folder-target';
import { type HubOptions, resolveModel } from './hub/hub';
import { ownFloat, saveCheckpoint } from './save-checkpoint';

/** A family of models: its config, its module, its names in checkpoints. */
export interface Architecture<Config, Model extends Module> {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /** Names in config.json's `architectures`; the first is what we write. */
  readonly names: readonly string[];
  /** Reads the fields of a config.json. */
  read(reader: ConfigReader): Config;
  /** The fields of a config.json. */
  write(config: Config): object;
  /** What names in a checkpoint say that its config doesn't: whether a part is there that some leave out. */
  fit?(config: Config, names: readonly string[]): Config;
  /** About how many parameters a config makes. */
  parameters(config: Config): number;
  make(config: Config): Model;
  layout(config: Config): CheckpointLayout;
}

/** How a model is loaded. */
export interface PretrainedOptions<Config = object> extends HubOptions, Omit<LoadCheckpointOptions, 'onProgress'> {
  /**
   * What weights are in memory, whatever they are in the file. `float32`, where nothing is said, widens those of 16 bits.
   * The others are for inference on wasm, and what is computed is floats of 32 bits all the same: `bfloat16` and `float16`
   * hold linear maps and embeddings in half of the memory, and round everything as PyTorch does (the first is read
   * faster); `int8` rounds the weights of linear maps as `quantize` does, to a quarter.
   */
  readonly dtype?: LoadedDType | undefined;
  /** Settings that replace the file's, such as another head. Say `strict: false` where that makes weights of its own. */
  readonly config?: Partial<Config> | undefined;
}

/** How a model is written. */
export interface SavePretrainedOptions {
  /** Larger checkpoints are split into shards of at most this many bytes: 5 GB where nothing is said. */
  readonly maxShardBytes?: number;
  /** What weights are rounded to in the file: what they are in memory where nothing is said. */
  readonly dtype?: SavedFloat | undefined;
}

/** Reads a folder's config.json. */
export async function readModelConfig(source: Source): Promise<ConfigJson> {
  return (await readJson(source, 'config.json')) as ConfigJson;
}

/** The member of a family that a folder's config.json names; `otherwise` where it names none of them. */
export async function memberOf<A extends { readonly modelType: string }>(
  family: Readonly<Record<string, A>>,
  source: Source,
  otherwise: A,
): Promise<A> {
  const { model_type: type } = await readModelConfig(source);
  return Object.values(family).find(({ modelType }) => modelType === type) ?? otherwise;
}

/** A class's `fromPretrained`: of a folder, or of a model's id on the Hub. The architecture is asked for late: it names the class. */
export function loaderOf<Config, Model extends Module>(
  architecture: (source: Source) => Architecture<Config, Model> | Promise<Architecture<Config, Model>>,
): (source: Source, options?: PretrainedOptions<Config>) => Promise<Model> {
  return async (source, options) => {
    const folder = await resolveModel(source, options);
    return loadPretrained(await architecture(folder), folder, options);
  };
}

/**
 * Makes the model of a folder's config and copies the folder's weights into it.
 *
 * @throws {ArgumentError} where another dtype is asked for than there is.
 */
export async function loadPretrained<Config, Model extends Module>(
  architecture: Architecture<Config, Model>,
  source: Source,
  options: PretrainedOptions<Config> = {},
): Promise<Model> {
  checkDType(options);
  const json = await readModelConfig(source);
  if (json['model_type'] !== undefined && json['model_type'] !== architecture.modelType) {
    const [got] = [JSON.stringify(json['model_type'])];
    throw new FormatError('config.json', `expected model_type ${JSON.stringify(architecture.modelType)}, got ${got}`);
  }
  const reader = new ConfigReader(json);
  const read = { ...architecture.read(reader), ...options.config };
  const told = reader.done(read, (known) => architecture.parameters(known));
  const file = await openCheckpoint(source);
  try {
    const config = architecture.fit?.(told, [...file.entries.keys()]) ?? told;
    return await filled(architecture, config, source, file, options);
  } finally {
    await file.close();
  }
}

/** Whether a model writes texts, by its own config or by a checkpoint's generation_config.json. */
function writes(model: object): model is Pick<DecoderLM, 'generationConfig'> & Pick<Generative, 'startId'> {
  return 'generationConfig' in model;
}

/** The model of a config with a checkpoint's weights. */
async function filled<Config, Model extends Module>(
  architecture: Architecture<Config, Model>,
  config: Config,
  source: Source,
  file: CheckpointFile,
  options: PretrainedOptions<Config>,
): Promise<Model> {
  const { onProgress, strict, dtype } = options;
  // In a scope: what initial weights were made of goes before the file is read.
  const make = (): Model => scope(() => architecture.make(config));
  const model = strict === false ? make() : skipInit(make, { hollow: dtype !== undefined && dtype !== 'float32' });
  try {
    if (writes(model)) {
      const { readGenerationConfig } = await import('../generation/generation-config');
      model.generationConfig = await readGenerationConfig(source, model.startId);
    }
    await loadCheckpoint(model, file, architecture.layout(config), {
      strict: strict ?? true,
      dtype,
      onProgress: (done, total) => onProgress?.(done, total, 'load'),
    });
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model.eval();
}

const dtypes: readonly LoadedDType[] = ['float32', 'bfloat16', 'float16', 'int8'];

/** Refuses what weights can't be, before anything is read. */
function checkDType({ dtype = 'float32', strict = true }: Pick<PretrainedOptions, 'dtype' | 'strict'>): void {
  const expect = (expected: string): ArgumentError =>
    new ArgumentError('fromPretrained', 'dtype', expected, JSON.stringify(dtype) ?? typeof dtype);
  if (!dtypes.includes(dtype)) throw expect(dtypes.map((own) => `'${own}'`).join(', '));
  if (dtype === 'float32') return;
  if (backendInfo().backend === 'gpu') throw expect(`'float32' on the GPU: weights of fewer bits run on wasm`);
  if (!strict) throw expect("'float32' where weights may be missing: those of fewer bits can't be trained");
}

/** Writes a folder that `transformers` in Python loads. The config comes last: a folder with one is whole. */
export async function writePretrained<Config, Model extends Module>(
  architecture: Architecture<Config, Model>,
  model: Model,
  config: Config,
  target: ModelTarget,
  options: SavePretrainedOptions = {},
): Promise<void> {
  requireOptions('savePretrained', options);
  const { at, into } = folderAt('savePretrained', target);
  const { dtype = ownFloat(model), maxShardBytes = 5e9 } = options;
  const layout = architecture.layout(config);
  await saveCheckpoint(at('model.safetensors'), model, layout, { maxShardBytes, dtype, ...into });
  if (writes(model) && model.generationConfig !== null)
    await writeFile(at('generation_config.json'), `${JSON.stringify(model.generationConfig.json, null, 2)}\n`, into);
  const { names, modelType } = architecture;
  const json = {
    architectures: names.slice(0, 1),
    model_type: modelType,
    torch_dtype: dtype,
    ...architecture.write(config),
  };
  await writeFile(at('config.json'), `${JSON.stringify(json, null, 2)}\n`, into);
}
