// A model as a folder: config.json, model.safetensors, tokenizer.json. What is in the config is a head's own business.
import type { TextCodec } from '@heddle/attention';
import { ArgumentError, FormatError } from '@heddle/tensor';
import { loadWeights, readJson, type Source, saveSafetensors, writeFile } from '@heddle/tensor/io';
import type { Module } from '@heddle/tensor/nn';

/** Where a model is written: a folder on the disk, or one in memory. */
export type Target = string | Map<string, Uint8Array>;

/** Version of the layout of config.json. */
const VERSION = 1;

/** Writes a model's folder. The config comes last: a folder with one is whole. */
export async function saveFolder(
  target: Target,
  model: Module,
  kind: string,
  config: object,
  tokenizer: TextCodec | undefined,
): Promise<void> {
  if (!(target instanceof Map || (typeof target === 'string' && target !== '')))
    throw new ArgumentError('save', 'target', 'the path of a folder, or a Map', JSON.stringify(target) ?? 'nothing');
  const options = typeof target === 'string' ? {} : { into: target };
  const at = (file: string): string => (typeof target === 'string' ? `${target.replace(/[/\\]+$/, '')}/${file}` : file);
  await saveSafetensors(at('model.safetensors'), model.stateDict(), { ...options, metadata: { format: 'pt' } });
  if (tokenizer !== undefined)
    await writeFile(at('tokenizer.json'), `${JSON.stringify(tokenizer.toJSON())}\n`, options);
  const json = { model_type: kind, version: VERSION, ...config };
  await writeFile(at('config.json'), `${JSON.stringify(json, null, 2)}\n`, options);
}

/** The settings in a folder's config.json, of a model of this kind. */
export async function readConfig(source: Source, kind: string): Promise<object> {
  const json = await readJson(source, 'config.json');
  const { model_type: found, version, ...config } = json as { readonly [name: string]: unknown };
  if (found !== kind)
    throw new FormatError(
      'config.json',
      `expected model_type ${JSON.stringify(kind)}, got ${JSON.stringify(found) ?? 'none'}`,
    );
  if (version !== VERSION)
    throw new FormatError('config.json', `expected version ${VERSION}, got ${JSON.stringify(version) ?? 'none'}`);
  return config;
}

/** Copies a folder's weights into a model. */
export async function readWeights(source: Source, model: Module): Promise<void> {
  await loadWeights(model, source);
}
