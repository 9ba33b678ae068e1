// Sentence encoders as sentence-transformers has them (Reimers & Gurevych 2019): an encoder, pooling, maps behind it, and
// normalisation, as modules.json says.
import { ArgumentError, concat, FormatError, noGrad, scope, type Tensor } from '@heddle/tensor';
import { openCheckpoint, readFile, type Source, saveSafetensors, writeFile } from '@heddle/tensor/io';
import { Linear, Module } from '@heddle/tensor/nn';
import { requireOptions, requireWhole, shown } from '../errors';
import { activate } from '../feed-forward';
import { batchTensors, type TextBatch } from '../text-batch';
import type { TextCodec } from '../text-codec';
import type { PretrainedOptions, SavePretrainedOptions } from './architecture';
import { Bert } from './bert';
import { type ConfigJson, ConfigReader } from './config-reader';
import { folderAt, type ModelTarget } from './folder-target';
import { resolveModel } from './hub/hub';
import { normalized, poolingFields, poolTokens, type SentencePooling } from './sentence-pooling';

/** A linear map behind the pooling. */
export interface SentenceDenseConfig {
  readonly inputs: number;
  readonly outputs: number;
  readonly bias: boolean;
  readonly activation: 'none' | 'tanh' | 'relu' | 'gelu';
}

/** What stands behind the encoder of a `SentenceEncoder`. */
export interface SentenceEncoderConfig {
  /** Several are put beside each other: `['mean']` where nothing is said. */
  readonly pooling?: readonly SentencePooling[];
  readonly dense?: readonly SentenceDenseConfig[];
  /** Vectors of length one: true where nothing is said. */
  readonly normalize?: boolean;
  /** Tokens that texts are cut off at: the encoder's own limit where nothing is said. */
  readonly maxLength?: number;
}

/** PyTorch's classes of the activations. */
const activations: Readonly<Record<SentenceDenseConfig['activation'], string>> = {
  none: 'torch.nn.modules.linear.Identity',
  tanh: 'torch.nn.modules.activation.Tanh',
  relu: 'torch.nn.modules.activation.ReLU',
  gelu: 'torch.nn.modules.activation.GELU',
};

class SentenceDense extends Module {
  readonly linear: Linear;

  constructor(readonly config: SentenceDenseConfig) {
    super();
    const { inputs, outputs, bias } = config;
    this.linear = new Linear({ inputs, outputs, bias });
  }

  override forward(x: Tensor): Tensor {
    const y = this.linear.call(x);
    const { activation } = this.config;
    return activation === 'none' ? y : activate(y, activation);
  }
}

/**
 * Texts to vectors whose angle says how much they mean the same.
 *
 * @example
 * ```ts
 * import { Bert, bertConfig, SentenceEncoder } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const encoder = new SentenceEncoder(new Bert(bertConfig({ vocabSize: 50, dim: 16, layers: 1, heads: 2 }))).eval();
 * const vectors = encoder.call({ ids: tensor([[1, 7, 9], [1, 7, 8]], { dtype: 'int32' }) });
 * console.log(vectors.shape, await vectors.select(0, 0).mul(vectors.select(0, 1)).sum().item()); // [2, 16], their cosine
 * ```
 */
export class SentenceEncoder extends Module {
  readonly dense: readonly SentenceDense[];
  readonly pooling: readonly SentencePooling[];
  readonly normalize: boolean;
  readonly maxLength: number;

  constructor(
    readonly encoder: Bert,
    config: SentenceEncoderConfig = {},
  ) {
    super();
    this.pooling = config.pooling ?? ['mean'];
    this.dense = (config.dense ?? []).map((each) => new SentenceDense(each));
    this.normalize = config.normalize ?? true;
    this.maxLength = config.maxLength ?? encoder.config.maxLength;
  }

  /** A vector for each text, `[B, dim]`. */
  override forward(batch: TextBatch): Tensor {
    const x = this.encoder.hidden(batch); // [B, T, dim]
    const { mask } = batchTensors('SentenceEncoder', batch, this.encoder.config);
    const pooled = concat(
      this.pooling.map((pooling) => poolTokens(x, mask, pooling)),
      1,
    );
    const mapped = this.dense.reduce((y, dense) => dense.call(y), pooled);
    return this.normalize ? normalized(mapped) : mapped;
  }

  /** A vector for each text, on the host. Texts beyond `maxLength` tokens are cut off there. */
  async encode(
    texts: readonly string[],
    options: { readonly tokenizer: TextCodec; readonly batchSize?: number },
  ): Promise<Float32Array[]> {
    requireOptions('encode', options);
    const { tokenizer, batchSize = 32 } = options;
    if (!Array.isArray(texts)) throw new ArgumentError('encode', 'texts', 'a list of texts', shown(texts));
    requireWhole('encode', 'batchSize', batchSize);
    if (typeof tokenizer?.encodeBatch !== 'function')
      throw new ArgumentError('encode', 'tokenizer', 'one that encodes', shown(tokenizer));
    const found: Float32Array[] = [];
    for (let from = 0; from < texts.length; from += batchSize) {
      const rows = texts.slice(from, from + batchSize);
      const batch = tokenizer.encodeBatch(rows, { padding: true, maxLength: this.maxLength });
      const vectors = noGrad(() => scope(() => this.forward(batch)));
      const data = await vectors.data();
      const [, D] = vectors.shape;
      vectors.dispose();
      rows.forEach((_, row) => {
        found.push(data.slice(row * D, (row + 1) * D));
      });
    }
    return found;
  }

  /**
   * Loads a folder of sentence-transformers, or a model's id on the Hub. Without a modules.json it is an encoder whose
   * tokens are averaged, as there.
   *
   * @throws {FormatError} naming a module that isn't known, or what is wrong with a file.
   */
  static async fromPretrained(
    source: Source,
    options: Omit<PretrainedOptions, 'config'> = {},
  ): Promise<SentenceEncoder> {
    const folder = await resolveModel(source, options);
    const modules = await modulesOf(folder);
    const encoder = await Bert.fromPretrained(folder, { ...options, config: { head: 'none' } });
    let pooling: readonly SentencePooling[] = ['mean'];
    let normalize = modules.length === 0;
    const dense: { readonly config: SentenceDenseConfig; readonly path: string }[] = [];
    for (const { type, path } of modules) {
      if (type === 'Pooling') pooling = await readPooling(folder, path);
      else if (type === 'Dense') dense.push({ config: await readDense(folder, path), path });
      else if (type === 'Normalize') normalize = true;
      else if (type !== 'Transformer')
        throw new FormatError('modules.json', `expected Transformer, Pooling, Dense or Normalize, got ${type}`);
    }
    const settings = await readObject(folder, 'sentence_bert_config.json');
    const longest = settings === null ? undefined : new ConfigReader(settings).maybe('max_seq_length');
    const model = new SentenceEncoder(encoder, {
      pooling,
      dense: dense.map(({ config }) => config),
      normalize,
      ...(longest === undefined ? {} : { maxLength: Math.min(longest, encoder.config.maxLength) }),
    });
    for (const [i, { path }] of dense.entries()) await loadDense(model.dense[i], folder, path);
    return model.eval();
  }

  /** Writes a folder that sentence-transformers loads, once a tokenizer lies beside it. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await this.encoder.savePretrained(target, options);
    const { at, into } = folderAt('savePretrained', target);
    const write = (file: string, json: object): Promise<unknown> =>
      writeFile(at(file), `${JSON.stringify(json, null, 2)}\n`, into);
    const modules = [
      'Transformer',
      'Pooling',
      ...this.dense.map(() => 'Dense'),
      ...(this.normalize ? ['Normalize'] : []),
    ];
    const paths = modules.map((type, i) => (i === 0 ? '' : `${i}_${type}`));
    await write('1_Pooling/config.json', {
      word_embedding_dimension: this.encoder.config.dim,
      ...Object.fromEntries(
        Object.entries(poolingFields).map(([pooling, field]) => [field, this.pooling.some((own) => own === pooling)]),
      ),
      include_prompt: true,
    });
    for (const [i, dense] of this.dense.entries()) {
      const { inputs, outputs, bias, activation } = dense.config;
      const path = paths[2 + i];
      await write(`${path}/config.json`, {
        in_features: inputs,
        out_features: outputs,
        bias,
        activation_function: activations[activation],
      });
      await saveSafetensors(at(`${path}/model.safetensors`), dense.stateDict(), {
        metadata: { format: 'pt' },
        ...into,
      });
    }
    await write('sentence_bert_config.json', { max_seq_length: this.maxLength, do_lower_case: false });
    const type = (name: string): string => `sentence_transformers.models.${name}`;
    await write(
      'modules.json',
      modules.map((name, idx) => ({ idx, name: String(idx), path: paths[idx], type: type(name) })),
    );
  }
}

/** A JSON object of a folder; null where there is no such file. */
async function readObject(source: Source, file: string): Promise<ConfigJson | null> {
  const bytes = await readFile(source, file);
  if (bytes === null) return null;
  const json: unknown = parse(file, bytes);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new FormatError(file, 'is not an object');
  return json as ConfigJson;
}

function parse(file: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FormatError(file, 'is not JSON', { cause });
  }
}

/** The modules that a folder lists, in their order. */
async function modulesOf(source: Source): Promise<readonly { readonly type: string; readonly path: string }[]> {
  const bytes = await readFile(source, 'modules.json');
  if (bytes === null) return [];
  const list = parse('modules.json', bytes);
  if (!Array.isArray(list)) throw new FormatError('modules.json', 'is not a list');
  return list.map((entry: unknown, i) => {
    const reader = new ConfigReader(entry as ConfigJson, 'modules.json');
    const { type, path } = reader.done({ type: reader.text('type'), path: reader.text('path') }, () => 0);
    if (path.split(/[/\\]/).includes('..') || (i === 0 && path !== ''))
      throw new FormatError(
        'modules.json',
        `path: expected ${i === 0 ? "the folder's own" : 'one below the folder'}, got ${path}`,
      );
    return { type: type.slice(type.lastIndexOf('.') + 1), path };
  });
}

async function readPooling(source: Source, path: string): Promise<readonly SentencePooling[]> {
  const file = `${path}/config.json`;
  const json = await readObject(source, file);
  if (json === null) throw new FormatError(file, 'there is no such file');
  const reader = new ConfigReader(json, file);
  const found = (Object.keys(poolingFields) as SentencePooling[]).filter((pooling) =>
    reader.flag(poolingFields[pooling], pooling === 'mean'),
  );
  if (found.length === 0) reader.problem(`expected one of ${Object.values(poolingFields).join(', ')}`);
  return reader.done(found, () => 0);
}

async function readDense(source: Source, path: string): Promise<SentenceDenseConfig> {
  const file = `${path}/config.json`;
  const json = await readObject(source, file);
  if (json === null) throw new FormatError(file, 'there is no such file');
  const reader = new ConfigReader(json, file);
  const known = Object.entries(activations) as [SentenceDenseConfig['activation'], string][];
  const name = reader.word(
    'activation_function',
    known.map(([, theirs]) => theirs),
    activations.tanh,
  );
  const config = {
    inputs: reader.whole('in_features'),
    outputs: reader.whole('out_features'),
    bias: reader.flag('bias', true),
    activation: known.find(([, theirs]) => theirs === name)?.[0] ?? 'tanh',
  };
  return reader.done(config, ({ inputs, outputs }) => inputs * outputs);
}

async function loadDense(dense: SentenceDense, source: Source, path: string): Promise<void> {
  const [single, old] = [`${path}/model.safetensors`, `${path}/pytorch_model.bin`];
  const bytes = (await readFile(source, single)) ?? (await readFile(source, old));
  if (bytes === null) throw new FormatError(single, 'there is no such file');
  const file = await openCheckpoint(bytes);
  try {
    for (const { name, tensor } of dense.placesFor(file.entries)) await file.copyInto(name, tensor);
  } finally {
    await file.close();
  }
}
