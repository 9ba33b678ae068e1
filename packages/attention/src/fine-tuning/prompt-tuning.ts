// Prompt tuning (Lester et al. 2021): the model stays as it is, and a few vectors in front of every text are learned.
// Written and read in the layout of PEFT.
import { type AnyTensor, ArgumentError, concat, FormatError, noGrad, type Tensor, tensor } from '@heddle/tensor';
import { openCheckpoint, readFile, readJson, type Source, saveSafetensors, writeFile } from '@heddle/tensor/io';
import { Embedding, type InitializerOptions, type Module, normal, Parameter } from '@heddle/tensor/nn';
import { requireModule, requireOptions, requireWhole } from '../errors';
import { checkPrompts, type Decoding, RowDecoding } from '../generation/decoding';
import { type Generated, generate, type Prompts } from '../generation/generate';
import type { GenerationConfig } from '../generation/generation-config';
import type { DecodingOptions, GenerateOptions } from '../generation/options';
import { type StreamOptions, streamText } from '../generation/stream';
import { ConfigReader } from '../models/config-reader';
import { DecoderLM } from '../models/decoder-lm';
import type { EncoderModel } from '../models/encoder-model';
import { folderAt, type ModelTarget } from '../models/folder-target';
import type { TextBatch } from '../text-batch';
import { Adapter } from './adapter';
import type { Adaptable } from './lora';
import { exactly, partsIn, type SavedPart, savedParts, stateOfParts } from './saved-parts';

/** Settings of `PromptTuning`. */
export interface PromptTuningConfig extends InitializerOptions {
  /** How many vectors stand in front of a text. */
  readonly tokens: number;
  /** Ids whose embeddings they begin as, repeated as needed: at random where nothing is said. */
  readonly initialIds?: readonly number[] | undefined;
  /** Names of parts that are trained whole and saved with the vectors: a new head. */
  readonly modulesToSave?: RegExp | undefined;
}

/** A model whose texts can begin with learned vectors. */
export type Promptable = (DecoderLM | EncoderModel) & Pick<Adaptable, 'layout'>;

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';
/** What PEFT puts in front of the model's own names here, unlike for LoRA. */
const PREFIX = 'base_model.';
const KEY = 'prompt_embeddings';

/**
 * Learned vectors in front of every text. Making them freezes the model; they are all that is trained.
 *
 * @example
 * ```ts
 * import { Gpt2, gpt2Config, PromptTuning } from '@heddle/attention';
 * import { crossEntropy, init, tensor } from '@heddle/tensor';
 * import { AdamW } from '@heddle/tensor/optim';
 * await init({ seed: 1 });
 * const model = new Gpt2(gpt2Config({ vocabSize: 50, dim: 16, layers: 1, heads: 2, maxLength: 16 }));
 * const prompt = new PromptTuning(model, { tokens: 4, initialIds: [7, 8] });
 * const optimizer = new AdamW(prompt.parameters(), { lr: 1e-2 });
 * crossEntropy(prompt.call({ ids: tensor([[1, 2, 3]], { dtype: 'int32' }) }), [2, 3, 4]).backward();
 * optimizer.step();
 * ```
 */
export class PromptTuning extends Adapter<Promptable> {
  /** `[tokens, width]` */
  readonly embedding: Parameter;
  /** Parts of the model that are trained whole. */
  readonly saved: readonly Module[];
  // Not a field: they are the model's.
  readonly #parts: readonly SavedPart[];

  /** @throws {ArgumentError} where the number of vectors or the ids are wrong. */
  constructor(model: Promptable, config: PromptTuningConfig) {
    requireModule('PromptTuning', model);
    requireOptions('PromptTuning', config, 'config');
    super(model);
    const { tokens, initialIds, modulesToSave, generator } = config;
    requireWhole('PromptTuning', 'tokens', tokens);
    const table = tableOf(model);
    const [count, width] = table.weight.shape;
    if (initialIds !== undefined && (initialIds.length === 0 || initialIds.some((id) => !(id >= 0 && id < count))))
      throw new ArgumentError('PromptTuning', 'initialIds', `ids below ${count}`, initialIds.join(', ') || 'none');
    this.embedding = new Parameter(
      initialIds === undefined
        ? normal([tokens, width], 1, { generator })
        : noGrad(() =>
            table.weight.take(tensor(Int32Array.from({ length: tokens }, (_, i) => initialIds[i % initialIds.length]))),
          ),
    );
    this.#parts = savedParts('PromptTuning', model, modulesToSave);
    this.saved = this.#parts.map(({ module }) => module);
    model.freeze();
    for (const part of this.saved) part.unfreeze();
  }

  /**
   * What the model makes of a text with the vectors in front of it. Of results for each token, those of the text's own;
   * with `withPrompt` those of the vectors too, the last of which guesses a text's first token.
   *
   * @throws {ArgumentError} where text and vectors are longer than the model's longest text.
   */
  override forward(batch: TextBatch, options: { readonly withPrompt?: boolean } = {}): Tensor {
    const [tokens] = this.embedding.shape;
    const out = withPrompt(tableOf(this.model), this.embedding, () => this.model.call(inFront(batch, tokens)));
    return out.rank === 3 && !options.withPrompt ? out.slice([null, [tokens, out.shape[1]]]) : out;
  }

  /** How many ids there are; see `Generative`. */
  get vocabSize(): number {
    return this.#language('vocabSize').vocabSize;
  }

  /** Tokens that end a text. */
  get eosIds(): readonly number[] {
    return this.#language('eosIds').eosIds;
  }

  get generationConfig(): GenerationConfig | null {
    return this.#language('generationConfig').generationConfig;
  }

  get padId(): number {
    return this.#language('padId').padId;
  }

  /**
   * Continues prompts behind the vectors, as `DecoderLM.generate` does.
   *
   * @throws {ArgumentError} where the model isn't one of language, a prompt is empty or too long, or a setting is wrong.
   * @throws {IndexError} where an id is outside the vocabulary.
   */
  async generate(prompts: Prompts, options: GenerateOptions = {}): Promise<Generated[]> {
    return generate(this, prompts, options);
  }

  /** Continues a prompt behind the vectors, piece by piece; leaving the loop ends it. */
  stream(prompt: string | readonly number[], options: StreamOptions): AsyncGenerator<string> {
    return streamText(this, prompt, options);
  }

  /**
   * Rows that grow token by token behind the vectors, for one's own way of choosing.
   *
   * @throws {ArgumentError} where a prefix is given: the vectors stand before it.
   */
  startDecoding(prompts: readonly (readonly number[])[], { useCache = true, prefix }: DecodingOptions = {}): Decoding {
    const model = this.#language('startDecoding');
    const [lead] = this.embedding.shape;
    checkPrompts(prompts, { vocabSize: model.vocabSize, maxLength: model.maxLength - lead });
    if (prefix !== undefined) throw new ArgumentError('generate', 'prefix', 'none where a prompt is tuned', 'one');
    return new RowDecoding(model, prompts, {
      hidden: ({ ids, mask, positions, cache }) => {
        const read = (): Tensor => model.hidden({ ids, mask, positions, typeIds: undefined }, { cache });
        // A cache that holds something holds the vectors.
        return (cache?.length ?? 0) > 0 ? read() : withPrompt(model.embedding, this.embedding, read);
      },
      logits: (h) => model.logits(h),
      cache: useCache ? model.newCache() : undefined,
      lead,
    });
  }

  #language(name: string): DecoderLM {
    if (this.model instanceof DecoderLM) return this.model;
    throw new ArgumentError('PromptTuning', name, 'a model that writes', this.model.constructor.name);
  }

  /** Writes adapter_config.json and adapter_model.safetensors, as PEFT has them. */
  async save(target: ModelTarget): Promise<void> {
    const { at, into } = folderAt('PromptTuning.save', target);
    const [tokens, width] = this.embedding.shape;
    const { layers, heads } = sizesOf(this.model);
    const state = stateOfParts(this.model, this.#parts, PREFIX).set(KEY, this.embedding);
    await saveSafetensors(at(WEIGHTS), state, { metadata: { format: 'pt' }, ...into });
    const json = {
      peft_type: 'PROMPT_TUNING',
      task_type: taskOf(this.model),
      num_virtual_tokens: tokens,
      token_dim: width,
      num_layers: layers,
      num_attention_heads: heads,
      num_transformer_submodules: 1,
      prompt_tuning_init: 'RANDOM',
      inference_mode: true,
      base_model_name_or_path: null,
    };
    await writeFile(at(CONFIG), `${JSON.stringify(json, null, 2)}\n`, into);
  }

  /**
   * Reads vectors in PEFT's layout.
   *
   * @throws {FormatError} where files are missing or damaged, or the vectors are of another width than the model's.
   */
  static async load(model: Promptable, source: Source): Promise<PromptTuning> {
    const reader = new ConfigReader((await readJson(source, CONFIG)) as Readonly<Record<string, unknown>>, CONFIG);
    reader.word('peft_type', ['PROMPT_TUNING']);
    if (reader.whole('num_transformer_submodules', 1) !== 1)
      reader.problem('num_transformer_submodules: only 1 is supported');
    const { tokens } = reader.done({ tokens: reader.whole('num_virtual_tokens') }, () => 0);
    const bytes = (await readFile(source, WEIGHTS)) ?? (await readFile(source, 'adapter_model.bin'));
    if (bytes === null) throw new FormatError(WEIGHTS, 'there is no such file');
    const file = await openCheckpoint(bytes);
    try {
      const shape = file.entries.get(KEY)?.shape;
      const [, width] = tableOf(model).weight.shape;
      if (shape === undefined || shape[0] !== tokens || shape[1] !== width)
        throw new FormatError(
          WEIGHTS,
          `${KEY}: expected [${tokens}, ${width}], got ${shape === undefined ? 'nothing' : `[${shape.join(', ')}]`}`,
        );
      const parts = partsIn(model, file, PREFIX);
      const known = new Set([KEY, ...parts.flatMap(({ keys }) => [...keys.values()])]);
      const strange = [...file.entries.keys()].filter((key) => !known.has(key));
      if (strange.length > 0) throw new FormatError(WEIGHTS, `unexpected: ${strange.join(', ')}`);
      const names = parts.map(({ name }) => name);
      const prompt = new PromptTuning(model, {
        tokens,
        ...(names.length === 0 ? {} : { modulesToSave: exactly(names) }),
      });
      await file.copyInto(KEY, prompt.embedding);
      for (const { module, keys } of parts)
        for (const [leaf, p] of module.namedParameters()) await file.copyInto(keys.get(leaf) ?? leaf, p);
      return prompt;
    } finally {
      await file.close();
    }
  }
}

function tableOf(model: Promptable): Embedding {
  const table = model instanceof DecoderLM ? model.embedding : model.wordEmbedding;
  if (!(table instanceof Embedding))
    throw new ArgumentError('PromptTuning', 'model', 'weights in float32', 'an embedding of 16 bits');
  return table;
}

/** PEFT's word for what a model is for. */
function taskOf(model: Promptable): string {
  if (model instanceof DecoderLM) return 'CAUSAL_LM';
  const tasks = { classification: 'SEQ_CLS', tokens: 'TOKEN_CLS', span: 'QUESTION_ANS' } as const;
  const { head } = model.config;
  return head in tasks ? tasks[head as keyof typeof tasks] : 'FEATURE_EXTRACTION';
}

function sizesOf(model: Promptable): { readonly layers: number; readonly heads: number } {
  const stack = model instanceof DecoderLM ? model.decoder : model.encoder;
  return { layers: stack.layers.length, heads: stack.layers[0].selfAttn.heads };
}

/** Room for the vectors: tokens that the model takes for real ones. */
function inFront(batch: TextBatch, tokens: number): TextBatch {
  if (!('shape' in batch)) {
    const { ids, mask, typeIds } = batch;
    const room = (like: Tensor<'int32'>, value: number): Tensor<'int32'> =>
      concat([tensor(new Int32Array(ids.shape[0] * tokens).fill(value), { shape: [ids.shape[0], tokens] }), like], 1);
    return {
      ids: room(ids, 0),
      ...(mask === undefined ? {} : { mask: room(mask.cast('int32'), 1) }),
      ...(typeIds === undefined ? {} : { typeIds: room(typeIds, 0) }),
    };
  }
  const [B, T] = batch.shape;
  const room = (column: Int32Array, value: number): Int32Array => {
    const wide = new Int32Array(B * (tokens + T)).fill(value);
    for (let row = 0; row < B; row++) wide.set(column.subarray(row * T, (row + 1) * T), row * (tokens + T) + tokens);
    return wide;
  };
  return {
    ids: room(batch.ids, 0),
    mask: room(batch.mask, 1),
    ...(batch.typeIds === undefined ? {} : { typeIds: room(batch.typeIds, 0) }),
    shape: [B, tokens + T],
  };
}

/** Runs `call` while the table gives the vectors for the first tokens of each row. */
function withPrompt<T>(table: Embedding, prompt: Tensor, call: () => T): T {
  const [tokens, width] = prompt.shape;
  const forward = (ids: AnyTensor): Tensor => {
    const [B, T] = ids.shape;
    const rest = Object.getPrototypeOf(table).forward.call(table, ids.slice([null, [tokens, T]])); // [B, T − tokens, width]
    return concat([prompt.unsqueeze(0).expand([B, tokens, width]), rest], 1);
  };
  Object.defineProperty(table, 'forward', { value: forward, enumerable: false, configurable: true });
  try {
    return call();
  } finally {
    Reflect.deleteProperty(table, 'forward');
  }
}
