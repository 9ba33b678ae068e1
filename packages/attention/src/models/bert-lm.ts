// BERT and its kin as decoders: causal language models that write, as transformers' BertLMHeadModel, RobertaForCausalLM and
// ElectraForCausalLM.
import { type Tensor, zeros } from '@heddle/tensor';
import { Embedding, Linear } from '@heddle/tensor/nn';
import type { BatchTensors } from '../text-batch';
import { type Architecture, loaderOf, memberOf, type SavePretrainedOptions, writePretrained } from './architecture';
import {
  type BertConfig,
  type BertFamily,
  bertFamilies,
  maskedActivation,
  offsetOf,
  readBert,
  writeBert,
} from './bert';
import { bertLayouts } from './bert-names';
import type { CheckpointLayout } from './checkpoint-layout';
import { DecoderLM, type Places } from './decoder-lm';
import { MaskedLMHead } from './encoder-model';
import type { ModelTarget } from './folder-target';

/** The families that `transformers` has as decoders. */
export type BertLMFamily = Extract<BertFamily, 'bert' | 'roberta' | 'xlm-roberta' | 'electra'>;

/** Settings of a `BertLM`. */
export interface BertLMConfig extends Omit<BertConfig, 'family' | 'head' | 'labels' | 'pooler'> {
  readonly family: BertLMFamily;
  readonly bosId?: number | undefined;
  readonly eosIds: readonly number[];
}

/**
 * BERT that only looks back, with a head over the vocabulary.
 *
 * @example
 * ```ts
 * import { BertLM, bertConfig } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const small = bertConfig({ vocabSize: 100, dim: 32, layers: 1, heads: 4, maxLength: 16 });
 * const model = new BertLM({ ...small, family: 'bert', eosIds: [] }).eval();
 * const [text] = await model.generate([[1, 2, 3]], { maxNewTokens: 4 });
 * console.log(text.ids.length); // 4
 * ```
 */
export class BertLM extends DecoderLM {
  readonly typeEmbedding: Embedding | null;
  readonly embeddingProjection: Linear | null;
  readonly lmHead: MaskedLMHead;

  constructor(readonly config: BertLMConfig) {
    const { family, vocabSize, dim, embeddingDim: width, typeCount, eps, dropout, padId } = config;
    super({
      ...config,
      placement: 'post',
      learnedPositions: true,
      positionOffset: offsetOf(family, padId),
      embeddingNorm: true,
      embeddingDropout: dropout,
      fixedPadding: true,
    });
    this.typeEmbedding = typeCount === 0 ? null : new Embedding({ count: typeCount, dim: width });
    this.embeddingProjection = width === dim ? null : new Linear({ inputs: width, outputs: dim });
    this.lmHead = new MaskedLMHead({ dim, width, vocabSize, eps, activation: maskedActivation(config) });
  }

  /** The head: `[B, T, dim]` to `[B, T, vocabSize]`. */
  override logits(h: Tensor): Tensor {
    return this.lmHead.call(h, this.embedding);
  }

  protected override embed(batch: BatchTensors, places: Places): Tensor {
    const x = super.embed(batch, places); // [B, T, width]
    return this.embeddingProjection === null ? x : this.embeddingProjection.call(x);
  }

  protected override positional(batch: BatchTensors, places: Places): Tensor | null {
    const { typeEmbedding: types } = this;
    const positions = super.positional(batch, places);
    if (types === null || positions === null) return positions;
    return positions.add(types.call(batch.typeIds ?? zeros([1], { dtype: 'int32' })));
  }

  /** Loads a folder with config.json and weights; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf((source) => memberOf(bertLMs, source, bertLMs.bert));

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return bertLMs[this.config.family].layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(bertLMs[this.config.family], this, this.config, target, options);
  }
}

/** Our names of an encoder's parts, where they are a decoder's. */
function asDecoder(ours: string): string {
  return ours
    .replace(/^encoder\./, 'decoder.')
    .replace(/^word_embedding$/, 'embedding')
    .replace(/^head\b/, 'lm_head');
}

function member(family: BertLMFamily, name: string): Architecture<BertLMConfig, BertLM> {
  const { names, ...layout } = bertLayouts[family]('maskedLM', false);
  const decoderNames = Object.fromEntries(Object.entries(names).map(([ours, theirs]) => [asDecoder(ours), theirs]));
  const bare = { head: 'none', labels: [] } as const;
  return {
    modelType: family,
    names: [name],
    read: (reader) => {
      if (!reader.flag('is_decoder', false) && reader.architecture() === name)
        reader.problem('is_decoder: expected true, as the model only looks back');
      if (reader.flag('add_cross_attention', false)) reader.problem('add_cross_attention: true is not supported');
      const { head: _, labels: __, pooler: ___, ...config } = readBert(reader, family);
      return { ...config, family, bosId: reader.ids('bos_token_id')[0], eosIds: reader.ids('eos_token_id') };
    },
    write: (config) => ({
      ...writeBert({ ...config, ...bare }, ''),
      architectures: [name],
      is_decoder: true,
      bos_token_id: config.bosId ?? null,
      eos_token_id: config.eosIds[0] ?? null,
    }),
    parameters: (config) => bertFamilies[family].parameters({ ...config, ...bare }),
    make: (config) => new BertLM(config),
    layout: () => ({ ...layout, names: decoderNames }),
  };
}

/** Each family's place in the loader. */
export const bertLMs: Readonly<Record<BertLMFamily, Architecture<BertLMConfig, BertLM>>> = {
  bert: member('bert', 'BertLMHeadModel'),
  roberta: member('roberta', 'RobertaForCausalLM'),
  'xlm-roberta': member('xlm-roberta', 'XLMRobertaForCausalLM'),
  electra: member('electra', 'ElectraForCausalLM'),
};
