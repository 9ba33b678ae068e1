// The right class for a folder, by what its config.json says.
import { FormatError } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import type { Module } from '@heddle/tensor/nn';
import { type Architecture, loadPretrained, type PretrainedOptions, readModelConfig } from './architecture';
import { type Bart, bartFamilies } from './bart';
import { type BartClassifier, bartClassifier } from './bart-classifier';
import { type BartLM, bartLMs } from './bart-lm';
import { type Bert, bertFamilies } from './bert';
import { type BertLM, bertLMs } from './bert-lm';
import { type Bloom, bloom } from './bloom';
import { type Clip, clip } from './clip';
import { type ClipClassifier, clipClassifier } from './clip-classifier';
import { type ClipTextModel, type ClipVisionModel, clipTextModel, clipVisionModel } from './clip-tower-models';
import { type DecoderClassifier, decoderClassifiers } from './decoder-classifier';
import { type GptNeoX, gptNeoX } from './gpt-neox';
import { type Gpt2, gpt2 } from './gpt2';
import { resolveModel } from './hub/hub';
import { type Llama, llamaFamilies } from './llama';
import { type MaskedVit, maskedVit } from './masked-vit';
import { type T5, t5 } from './t5';
import { type T5Classifier, t5Classifier } from './t5-classifier';
import { type T5Encoder, t5Encoder } from './t5-encoder';
import { type Vit, vit } from './vit';

/** A model of any family that is known. */
export type PretrainedModel =
  | BartClassifier
  | DecoderClassifier
  | Bart
  | BartLM
  | Bert
  | BertLM
  | Bloom
  | Clip
  | ClipClassifier
  | ClipTextModel
  | ClipVisionModel
  | Gpt2
  | GptNeoX
  | Llama
  | MaskedVit
  | T5
  | T5Classifier
  | T5Encoder
  | Vit;

/** Options of `AutoModel.fromPretrained`: the config is the folder's. */
export type AutoModelOptions = Omit<PretrainedOptions, 'config'>;

/** How a family is loaded, whatever its config is like. */
interface Loader {
  readonly modelType: string;
  readonly names: readonly string[];
  load(source: Source, options: AutoModelOptions): Promise<PretrainedModel>;
}

function loader<Config, Model extends PretrainedModel & Module>(architecture: Architecture<Config, Model>): Loader {
  const { modelType, names } = architecture;
  return { modelType, names, load: (source, options) => loadPretrained(architecture, source, options) };
}

const loaders: readonly Loader[] = [
  ...Object.values(llamaFamilies).map(loader),
  ...Object.values(bertFamilies).map(loader),
  ...Object.values(bartFamilies).map(loader),
  loader(gpt2),
  loader(gptNeoX),
  loader(bloom),
  loader(t5),
  loader(t5Classifier),
  loader(t5Encoder),
  loader(vit),
  loader(clip),
  loader(clipTextModel),
  loader(clipVisionModel),
  loader(bartClassifier),
  ...Object.values(bertLMs).map(loader),
  ...Object.values(bartLMs).map(loader),
  loader(clipClassifier),
  loader(maskedVit),
  ...decoderClassifiers,
];

async function fromPretrained(source: Source, options: AutoModelOptions = {}): Promise<PretrainedModel> {
  const folder = await resolveModel(source, options);
  const { model_type: type, architectures } = await readModelConfig(folder);
  const name = Array.isArray(architectures) ? architectures[0] : undefined;
  const candidates = loaders.filter(({ modelType, names }) =>
    type === undefined ? names.includes(name) : modelType === type,
  );
  const found = candidates.find(({ names }) => names.includes(name)) ?? candidates[0];
  if (found === undefined) {
    const known = [...new Set(loaders.map(({ modelType }) => modelType))].join(', ');
    throw new FormatError(
      'config.json',
      `model_type: expected one of ${known}, got ${JSON.stringify(type ?? name) ?? 'nothing'}`,
    );
  }
  return found.load(folder, options);
}

/**
 * The right class for a checkpoint, head included: chosen by `model_type` and `architectures` in its config.json, as
 * transformers' classes of this name do.
 *
 * `fromPretrained(source, options)` loads config.json, generation_config.json where there is one, and weights (safetensors, or
 * PyTorch's `.bin`). `source` is a path (Node), a URL that ends in a slash, a map from name to bytes, or a model's id on the
 * Hub. It throws a `HubError` where an id can't be had; a `FormatError` where the architecture isn't known, naming those
 * that are, or a file is missing or damaged; and a `StateDictError` listing every missing, unexpected and mis-shaped weight.
 *
 * @example
 * ```ts
 * import { AutoModel, Gpt2, gpt2Config } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const files = new Map<string, Uint8Array>();
 * await new Gpt2(gpt2Config({ vocabSize: 50, dim: 16, layers: 1, heads: 2, maxLength: 8 })).savePretrained(files);
 * console.log((await AutoModel.fromPretrained(files)).constructor.name); // Gpt2
 * ```
 */
export const AutoModel: {
  readonly fromPretrained: (source: Source, options?: AutoModelOptions) => Promise<PretrainedModel>;
} = { fromPretrained };
