// A decoder that labels instead of writing: GPT-2, Llama, Mistral, Qwen2, Gemma, GPT-NeoX or BLOOM with a linear map in the
// place of its language-model head.
import { FormatError, type Tensor } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { Dropout, Linear, Module } from '@heddle/tensor/nn';
import type { Inspection } from '../inspection';
import { batchTensors, type TextBatch } from '../text-batch';
import {
  type Architecture,
  loadPretrained,
  type PretrainedOptions,
  readModelConfig,
  type SavePretrainedOptions,
  writePretrained,
} from './architecture';
import { bloom } from './bloom';
import { type CheckpointLayout, renamed } from './checkpoint-layout';
import { labelFields } from './config-reader';
import type { DecoderLM } from './decoder-lm';
import type { ModelTarget } from './folder-target';
import { gptNeoX } from './gpt-neox';
import { gpt2 } from './gpt2';
import { resolveModel } from './hub/hub';
import { llamaFamilies } from './llama';
import { poolTokens } from './sentence-pooling';

/** What is labelled: a text (by its last token), each token, or an answer's borders. */
export type DecoderTask = 'classification' | 'tokens' | 'span';

/** Settings of a `DecoderClassifier`. */
export interface DecoderClassifierConfig {
  readonly task: DecoderTask;
  readonly labels: readonly string[];
  /** Before the map, where tokens are labelled. */
  readonly dropout: number;
}

/** How a family is written and read around the map. */
interface Saver {
  readonly layout: CheckpointLayout;
  save(model: DecoderClassifier, target: ModelTarget, options: SavePretrainedOptions): Promise<void>;
}

/**
 * A decoder with a map to labels.
 *
 * @example
 * ```ts no-run
 * import { DecoderClassifier } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const model = await DecoderClassifier.fromPretrained('models/gpt2-sentiment');
 * console.log(model.config.labels);
 * ```
 */
export class DecoderClassifier extends Module {
  // Checkpoints have the decoder's parts beside the map.
  static override readonly names: Readonly<Record<string, string>> = { model: '' };

  readonly model: DecoderLM;
  readonly dropout: Dropout;
  readonly score: Linear;
  readonly #saver: Saver;

  /** Made by `fromPretrained`. */
  constructor(
    model: DecoderLM,
    readonly config: DecoderClassifierConfig,
    saver: Saver,
  ) {
    super();
    const { task, labels, dropout } = config;
    this.model = model;
    this.#saver = saver;
    this.dropout = new Dropout(task === 'tokens' ? dropout : 0);
    this.score = new Linear({
      inputs: model.embedding.weight.shape[1],
      outputs: task === 'span' ? 2 : labels.length,
      bias: task !== 'classification',
    });
  }

  /**
   * @returns logits: `[B, labels]` of a text, `[B, T, labels]` of tokens, `[B, T, 2]` of an answer's borders
   * @throws {ArgumentError} where a text is longer than `maxLength`.
   * @throws {IndexError} where an id is outside the vocabulary.
   */
  override forward(batch: TextBatch, options: { readonly inspect?: Inspection | undefined } = {}): Tensor {
    const read = batchTensors('DecoderClassifier', batch, this.model);
    const x = this.model.hidden(read, options); // [B, T, dim]
    const heard = this.config.task === 'classification' ? poolTokens(x, read.mask, 'lastToken') : x;
    return this.score.call(this.dropout.call(heard));
  }

  /**
   * Loads a folder, or a model's id on the Hub, whose config.json names such a class.
   *
   * @throws {FormatError} where it names none, or a file is missing or damaged.
   * @throws {StateDictError} listing every missing, unexpected and mis-shaped weight.
   */
  static async fromPretrained(
    source: Source,
    options: Omit<PretrainedOptions, 'config'> = {},
  ): Promise<DecoderClassifier> {
    const folder = await resolveModel(source, options);
    const { model_type: type, architectures } = await readModelConfig(folder);
    const found = decoderClassifiers.find(({ modelType }) => modelType === type);
    if (found === undefined || !found.names.some((name) => Array.isArray(architectures) && architectures[0] === name)) {
      const known = decoderClassifiers.flatMap(({ names }) => names).join(', ');
      throw new FormatError(
        'config.json',
        `architectures: expected one of ${known}, got ${JSON.stringify(architectures)}`,
      );
    }
    return found.load(folder, options);
  }

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return this.#saver.layout;
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await this.#saver.save(this, target, options);
  }
}

const suffixes: Readonly<Record<DecoderTask, string>> = {
  classification: 'ForSequenceClassification',
  tokens: 'ForTokenClassification',
  span: 'ForQuestionAnswering',
};

/** Llama's class for answers calls the decoder otherwise than all its others. */
function labelledLayout<Config extends object, Model extends DecoderLM>(
  { modelType, layout }: Architecture<Config, Model>,
  config: Config,
  task: DecoderTask,
): CheckpointLayout {
  const own = layout(config);
  const odd = modelType === 'llama' && task === 'span';
  return odd ? renamed(own, (theirs) => theirs.replace(/^model\./, 'transformer.')) : own;
}

/** A family with a map: `names` are what it calls the map for each task. */
function labelled<Config extends object, Model extends DecoderLM>(
  base: Architecture<Config, Model>,
  names: Partial<Record<DecoderTask, string>>,
) {
  const [first] = base.names;
  const stem = first.replace(/(ForCausalLM|LMHeadModel)$/, '');
  const tasks = Object.keys(names) as DecoderTask[];
  type Both = { readonly base: Config; readonly own: DecoderClassifierConfig };
  const layoutOf = ({ base: config, own }: Both): CheckpointLayout => {
    const layout = labelledLayout(base, config, own.task);
    return { ...layout, names: { ...layout.names, score: names[own.task] ?? 'score' } };
  };
  const architecture: Architecture<Both, DecoderClassifier> = {
    modelType: base.modelType,
    names: tasks.map((task) => `${stem}${suffixes[task]}`),
    read: (reader) => ({
      // Without a head of its own: the embedding's table stands for it, and is never asked.
      base: Object.assign({}, base.read(reader), { tied: true }),
      own: {
        task: tasks.find((task) => reader.architecture().endsWith(suffixes[task])) ?? 'classification',
        labels: reader.labels() ?? ['LABEL_0', 'LABEL_1'],
        dropout: reader.number('classifier_dropout', 0.1),
      },
    }),
    write: ({ base: config, own: { task, labels, dropout } }) => ({
      ...base.write(config),
      architectures: [`${stem}${suffixes[task]}`],
      classifier_dropout: dropout,
      ...labelFields(labels),
    }),
    parameters: ({ base: config }) => base.parameters(config),
    make: (both) =>
      new DecoderClassifier(base.make(both.base), both.own, {
        layout: layoutOf(both),
        save: (model, target, options) => writePretrained(architecture, model, both, target, options),
      }),
    layout: layoutOf,
  };
  return {
    modelType: base.modelType,
    names: architecture.names,
    load: (source: Source, options: Omit<PretrainedOptions, 'config'>) => loadPretrained(architecture, source, options),
  };
}

const llamas = Object.values(llamaFamilies).map((family) =>
  labelled(family, {
    classification: 'score',
    tokens: 'score',
    ...(family.modelType === 'llama' ? { span: 'qa_outputs' } : {}),
  }),
);

/** The families that can label, as the loader knows them. */
export const decoderClassifiers = [
  ...llamas,
  labelled(gpt2, { classification: 'score', tokens: 'classifier', span: 'qa_outputs' }),
  labelled(gptNeoX, { classification: 'score', tokens: 'classifier', span: 'qa_outputs' }),
  labelled(bloom, { classification: 'score', tokens: 'classifier', span: 'qa_outputs' }),
];
