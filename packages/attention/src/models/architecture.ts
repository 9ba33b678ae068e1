// What a family of models is to the loader, and loading and saving for all of them.
import { FormatError } from '@heddle/tensor';
import { readJson, type Source, writeFile } from '@heddle/tensor/io';
import { type Module, skipInit } from '@heddle/tensor/nn';
import { type CheckpointLayout, type LoadCheckpointOptions, loadCheckpoint, saveCheckpoint } from './checkpoint';
import { type ConfigJson, ConfigReader } from './config-reader';

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
  /** About how many parameters a config makes. */
  parameters(config: Config): number;
  make(config: Config): Model;
  layout(config: Config): CheckpointLayout;
}

/** How a model is loaded. */
export interface PretrainedOptions<Config = object> extends LoadCheckpointOptions {
  /** Settings that replace the file's, such as another head. Say `strict: false` where that makes weights of its own. */
  readonly config?: Partial<Config> | undefined;
}

/** Where a model is written: a folder on the disk, or one in memory. */
export type ModelTarget = string | Map<string, Uint8Array>;

/** How a model is written. */
export interface SavePretrainedOptions {
  /** Larger checkpoints are split into shards of at most this many bytes: 5 GB where nothing is said. */
  readonly maxShardBytes?: number;
}

/** Reads a folder's config.json. */
export async function readModelConfig(source: Source): Promise<ConfigJson> {
  return (await readJson(source, 'config.json')) as ConfigJson;
}

/** A class's `fromPretrained`. The architecture is asked for late: it names the class. */
export function loaderOf<Config, Model extends Module>(
  architecture: (source: Source) => Architecture<Config, Model> | Promise<Architecture<Config, Model>>,
): (source: Source, options?: PretrainedOptions<Config>) => Promise<Model> {
  return async (source, options) => loadPretrained(await architecture(source), source, options);
}

/** Makes the model of a folder's config and copies the folder's weights into it. */
export async function loadPretrained<Config, Model extends Module>(
  architecture: Architecture<Config, Model>,
  source: Source,
  options: PretrainedOptions<Config> = {},
): Promise<Model> {
  const json = await readModelConfig(source);
  if (json['model_type'] !== undefined && json['model_type'] !== architecture.modelType) {
    const [got] = [JSON.stringify(json['model_type'])];
    throw new FormatError('config.json', `expected model_type ${JSON.stringify(architecture.modelType)}, got ${got}`);
  }
  const reader = new ConfigReader(json);
  const read = { ...architecture.read(reader), ...options.config };
  const config = reader.done(read, (known) => architecture.parameters(known));
  const model = options.strict === false ? architecture.make(config) : skipInit(() => architecture.make(config));
  try {
    await loadCheckpoint(model, source, architecture.layout(config), options);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model.eval();
}

/** Writes a folder that `transformers` in Python loads. The config comes last: a folder with one is whole. */
export async function writePretrained<Config, Model extends Module>(
  architecture: Architecture<Config, Model>,
  model: Model,
  config: Config,
  target: ModelTarget,
  options: SavePretrainedOptions = {},
): Promise<void> {
  const into = typeof target === 'string' ? {} : { into: target };
  const at = (file: string): string => (typeof target === 'string' ? `${target.replace(/[/\\]+$/, '')}/${file}` : file);
  await saveCheckpoint(at('model.safetensors'), model, architecture.layout(config), {
    maxShardBytes: 5e9,
    ...options,
    ...into,
  });
  const { names, modelType } = architecture;
  const json = {
    architectures: names.slice(0, 1),
    model_type: modelType,
    torch_dtype: 'float32',
    ...architecture.write(config),
  };
  await writeFile(at('config.json'), `${JSON.stringify(json, null, 2)}\n`, into);
}
