// Loading whole checkpoints: into new tensors, or straight into a module.
import { ArgumentError } from '../errors';
import { inWords } from '../lifetime';
import type { LoadOptions, Module } from '../nn/module';
import { requireOptions } from '../ops/rules';
import type { AnyTensor } from '../tensor';
import { type CheckpointFile, openCheckpoint, openSafetensors, type TensorInfo } from './checkpoint-file';
import type { Source } from './source';

/**
 * All tensors of safetensors, by name. They are kept: dispose of each in the end. Where anything is wrong with the files,
 * nothing stays loaded.
 *
 * @param source a file or folder: a path (Node), a URL, bytes, or a map from name to bytes
 * @throws {FormatError} naming the file and what is wrong with it.
 * @example
 * ```ts
 * import { init, tensor } from '@heddle/tensor';
 * import { loadSafetensors, saveSafetensors } from '@heddle/tensor/io';
 * await init();
 * const files = new Map<string, Uint8Array>();
 * await saveSafetensors('model.safetensors', new Map([['weight', tensor([1, 2])]]), { into: files });
 * const state = await loadSafetensors(files);
 * console.log(await state.get('weight')?.data());
 * ```
 */
export async function loadSafetensors(source: Source): Promise<Map<string, AnyTensor>> {
  return withFile(await openSafetensors(source), async (file) => {
    const loaded = new Map<string, AnyTensor>();
    try {
      for (const name of file.entries.keys()) loaded.set(name, await file.tensor(name));
    } catch (error) {
      for (const t of loaded.values()) t.dispose();
      throw error;
    }
    return loaded;
  });
}

/** Options of `loadWeights`. */
export interface LoadWeightsOptions extends LoadOptions {
  /** The module's name for a name in the checkpoint; null leaves the tensor out. */
  readonly rename?: (name: string) => string | null;
}

/**
 * Copies a checkpoint (safetensors, or PyTorch's own zip archive: see `openCheckpoint`) into a module's parameters and persistent buffers, part by part: it costs a few megabytes beside
 * the model. Names, shapes and dtypes are checked before anything changes.
 *
 * @throws {FormatError} naming the file and what is wrong with it.
 * @throws {StateDictError} listing every missing, unexpected and mis-shaped name.
 * @example
 * ```ts
 * import { init } from '@heddle/tensor';
 * import { loadWeights, saveSafetensors } from '@heddle/tensor/io';
 * import { Linear } from '@heddle/tensor/nn';
 * await init();
 * const files = new Map<string, Uint8Array>();
 * await saveSafetensors('model.safetensors', new Linear({ inputs: 3, outputs: 2 }).stateDict(), { into: files });
 * await loadWeights(new Linear({ inputs: 3, outputs: 2 }), files);
 * ```
 */
export async function loadWeights(module: Module, source: Source, options: LoadWeightsOptions = {}): Promise<void> {
  if (typeof module?.placesFor !== 'function')
    throw new ArgumentError('loadWeights', 'module', 'a module', inWords(module));
  const { rename = (name: string) => name, ...rest } = requireOptions('loadWeights', options);
  await withFile(await openCheckpoint(source), async (file) => {
    const given = new Map<string, TensorInfo & { readonly from: string }>();
    for (const [from, info] of file.entries) {
      const name = rename(from);
      if (name !== null) given.set(name, { ...info, from });
    }
    const places = module.placesFor(given, rest);
    await file.verify();
    for (const { name, tensor } of places) {
      const info = given.get(name);
      if (info !== undefined) await file.copyInto(info.from, tensor);
    }
  });
}

async function withFile<T>(file: CheckpointFile, use: (file: CheckpointFile) => Promise<T>): Promise<T> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
