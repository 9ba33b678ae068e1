// Llama 2 and 3, Mistral, Qwen2 and Gemma: one network, four configs. RMS norms, rotary positions, grouped queries, a
// gated feed-forward.
import { ArgumentError, ones, rmsNorm, type Tensor } from '@heddle/tensor';
import type { Source } from '@heddle/tensor/io';
import { Module, Parameter } from '@heddle/tensor/nn';
import type { FeedForwardActivation } from '../feed-forward';
import { Rope } from '../positions/rope';
import type { RopeScaling } from '../positions/rope-scaling';
import {
  type Architecture,
  loaderOf,
  readModelConfig,
  type SavePretrainedOptions,
  writePretrained,
} from './architecture';
import type { CheckpointLayout } from './checkpoint-layout';
import { activationName, type ConfigReader } from './config-reader';
import { DecoderLM } from './decoder-lm';
import type { ModelTarget } from './folder-target';
import { longestWith, readScaling, scaledFrom, writeScaling } from './rope-scaling-config';

/** Settings of a `Llama`. */
export interface LlamaConfig {
  readonly vocabSize: number;
  readonly dim: number;
  readonly hiddenDim: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly maxLength: number;
  readonly activation: FeedForwardActivation;
  readonly eps: number;
  readonly theta: number;
  readonly scaling?: RopeScaling | undefined;
  /** On queries, keys and values only in Qwen2. */
  readonly attentionBias: boolean | 'qkv';
  readonly mlpBias: boolean;
  /** How many tokens back attention sees. */
  readonly window?: number | undefined;
  readonly tied: boolean;
  readonly attentionDropout: number;
  readonly bosId?: number | undefined;
  readonly eosIds: readonly number[];
  readonly padId?: number | undefined;
  /** Which of the family it is. */
  readonly family: LlamaFamily;
}

/** The families that share the network. */
export type LlamaFamily = 'llama' | 'mistral' | 'qwen2' | 'gemma';

/** Gemma's norm: its weight is what is added to one. */
class GemmaNorm extends Module {
  readonly weight: Parameter;

  constructor(private readonly config: { readonly dim: number; readonly eps: number }) {
    super();
    this.weight = new Parameter(ones([config.dim]).sub(1));
  }

  override forward(x: Tensor): Tensor {
    return rmsNorm(x, { weight: this.weight.add(1), eps: this.config.eps });
  }
}

/**
 * Llama (Touvron et al. 2023; Grattafiori et al. 2024), Mistral (Jiang et al. 2023), Qwen2 (Yang et al. 2024) and Gemma
 * (Gemma Team 2024).
 *
 * @example
 * ```ts
 * import { Llama, llamaConfig } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const config = llamaConfig({ vocabSize: 100, dim: 32, hiddenDim: 64, layers: 2, heads: 4, kvHeads: 2 });
 * const model = new Llama(config);
 * console.log(model.call({ ids: tensor([[1, 2, 3]], { dtype: 'int32' }) }).shape); // [1, 3, 100]
 * ```
 */
export class Llama extends DecoderLM {
  constructor(readonly config: LlamaConfig) {
    const { family, headDim, theta, scaling, mlpBias, dim, maxLength } = config;
    super({
      ...config,
      gated: true,
      bias: mlpBias,
      fixedPadding: true,
      norm: family === 'gemma' ? (norm) => new GemmaNorm(norm) : 'rms',
      placement: 'pre',
      embeddingScale: family === 'gemma' ? Math.sqrt(dim) : 1,
      rope: new Rope({ dim: headDim, theta, scaling, positions: Math.min(maxLength, 256) }),
    });
  }

  /**
   * Loads a folder with config.json and safetensors.
   *
   * @throws {FormatError} where a file is missing or damaged, listing everything that is wrong with the config.
   * @throws {StateDictError} listing every missing, unexpected and mis-shaped weight.
   */
  static readonly fromPretrained = loaderOf(familyOf);

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return llamaFamilies[this.config.family].layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(llamaFamilies[this.config.family], this, this.config, target, options);
  }
}

async function familyOf(source: Source): Promise<Architecture<LlamaConfig, Llama>> {
  const { model_type: type } = await readModelConfig(source);
  const found = Object.values(llamaFamilies).find(({ modelType }) => modelType === type);
  return found ?? llamaFamilies.llama;
}

/**
 * A config with what is usual filled in.
 *
 * @throws {ArgumentError} where the heads don't divide the width and no head width is given.
 * @example
 * ```ts
 * import { llamaConfig } from '@heddle/attention';
 * console.log(llamaConfig({ vocabSize: 100, dim: 32, hiddenDim: 64, layers: 2, heads: 4 }).kvHeads); // 4
 * ```
 */
export function llamaConfig(
  config: Partial<LlamaConfig> & Pick<LlamaConfig, 'vocabSize' | 'dim' | 'hiddenDim' | 'layers' | 'heads'>,
): LlamaConfig {
  const { dim, heads, headDim = dim / heads } = config;
  if (!Number.isInteger(headDim))
    throw new ArgumentError('llamaConfig', 'heads', `a divisor of dim = ${dim}`, String(heads));
  return {
    kvHeads: heads,
    headDim,
    maxLength: 2_048,
    activation: 'silu',
    eps: 1e-5,
    theta: 10_000,
    attentionBias: false,
    mlpBias: false,
    tied: false,
    attentionDropout: 0,
    eosIds: [],
    family: 'llama',
    ...config,
  };
}

const layout: CheckpointLayout = {
  names: {
    embedding: 'model.embed_tokens',
    'decoder.layers.*.self_attn.q_proj': 'model.layers.*.self_attn.q_proj',
    'decoder.layers.*.self_attn.k_proj': 'model.layers.*.self_attn.k_proj',
    'decoder.layers.*.self_attn.v_proj': 'model.layers.*.self_attn.v_proj',
    'decoder.layers.*.self_attn.out_proj': 'model.layers.*.self_attn.o_proj',
    'decoder.layers.*.norm1': 'model.layers.*.input_layernorm',
    'decoder.layers.*.norm2': 'model.layers.*.post_attention_layernorm',
    'decoder.layers.*.gate': 'model.layers.*.mlp.gate_proj',
    'decoder.layers.*.linear1': 'model.layers.*.mlp.up_proj',
    'decoder.layers.*.linear2': 'model.layers.*.mlp.down_proj',
    'decoder.norm': 'model.norm',
    head: 'lm_head',
  },
  prefix: 'model.',
  ignored: [/rotary_emb\.inv_freq$/],
};

/** A member of the family: what its config says differently. */
function member(
  family: LlamaFamily,
  modelType: string,
  name: string,
  own: (reader: ConfigReader) => Partial<LlamaConfig>,
  write: (config: LlamaConfig) => object = () => ({}),
): Architecture<LlamaConfig, Llama> {
  return {
    modelType,
    names: [`${name}ForCausalLM`, `${name}Model`],
    read: (reader) => ({ ...readCommon(reader, family), ...own(reader) }),
    write: (config) => ({ ...writeCommon(config), ...write(config) }),
    parameters: ({ vocabSize, dim, hiddenDim, layers, heads, headDim }) =>
      vocabSize * dim + layers * (3 * dim * hiddenDim + 2 * dim * heads * headDim),
    make: (config) => new Llama(config),
    // A tied head may lie in the file a second time.
    layout: ({ tied }) => (tied ? { ...layout, ignored: [...(layout.ignored ?? []), /^lm_head\.weight$/] } : layout),
  };
}

/** Each family's place in the loader. */
export const llamaFamilies: Readonly<Record<LlamaFamily, Architecture<LlamaConfig, Llama>>> = {
  llama: member(
    'llama',
    'llama',
    'Llama',
    (reader) => ({ attentionBias: reader.flag('attention_bias', false), mlpBias: reader.flag('mlp_bias', false) }),
    ({ attentionBias, mlpBias }) => ({ attention_bias: attentionBias === true, mlp_bias: mlpBias }),
  ),
  mistral: member(
    'mistral',
    'mistral',
    'Mistral',
    (reader) => ({ window: reader.maybe('sliding_window') }),
    ({ window }) => ({ sliding_window: window ?? null }),
  ),
  qwen2: member(
    'qwen2',
    'qwen2',
    'Qwen2',
    (reader) => ({
      attentionBias: 'qkv' as const,
      window: qwenWindow(reader),
    }),
    ({ window }) => ({
      use_sliding_window: window !== undefined,
      ...(window === undefined ? {} : { sliding_window: window, max_window_layers: 0 }),
    }),
  ),
  gemma: member(
    'gemma',
    'gemma',
    'Gemma',
    (reader) => ({
      activation: reader.has('hidden_activation') ? reader.activation('hidden_activation') : 'geluTanh',
      tied: reader.flag('tie_word_embeddings', true),
    }),
    () => ({ hidden_activation: 'gelu_pytorch_tanh' }),
  ),
};

function readCommon(reader: ConfigReader, family: LlamaFamily): LlamaConfig {
  const dim = reader.whole('hidden_size');
  const heads = reader.whole('num_attention_heads');
  const headDim = reader.whole('head_dim', Math.max(1, Math.floor(dim / heads)));
  if (!reader.has('head_dim') && dim % heads !== 0)
    reader.problem(`num_attention_heads: expected a divisor of hidden_size = ${dim}, got ${heads}`);
  const kvHeads = reader.whole('num_key_value_heads', heads);
  if (heads % kvHeads !== 0)
    reader.problem(`num_key_value_heads: expected a divisor of num_attention_heads = ${heads}, got ${kvHeads}`);
  const positions = reader.whole('max_position_embeddings', 2_048);
  const scaling = reader.inside('rope_scaling', (inside) => readScaling(inside, positions)) ?? undefined;
  return {
    family,
    vocabSize: reader.whole('vocab_size'),
    dim,
    heads,
    kvHeads,
    headDim,
    hiddenDim: reader.whole('intermediate_size'),
    layers: reader.layers('num_hidden_layers'),
    maxLength: longestWith(scaling, positions),
    activation: reader.activation('hidden_act', 'silu'),
    eps: reader.number('rms_norm_eps', 1e-6),
    theta: reader.number('rope_theta', 10_000),
    scaling,
    attentionBias: false,
    mlpBias: false,
    tied: reader.flag('tie_word_embeddings', false),
    attentionDropout: reader.number('attention_dropout', 0),
    bosId: reader.ids('bos_token_id')[0],
    eosIds: reader.ids('eos_token_id'),
    padId: reader.ids('pad_token_id')[0],
  };
}

function writeCommon(config: LlamaConfig): object {
  return {
    vocab_size: config.vocabSize,
    hidden_size: config.dim,
    intermediate_size: config.hiddenDim,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    max_position_embeddings: scaledFrom(config.scaling, config.maxLength),
    hidden_act: activationName(config.activation),
    rms_norm_eps: config.eps,
    rope_theta: config.theta,
    rope_scaling: writeScaling(config.scaling),
    tie_word_embeddings: config.tied,
    attention_dropout: config.attentionDropout,
    bos_token_id: config.bosId ?? null,
    eos_token_id: config.eosIds.length === 1 ? config.eosIds[0] : config.eosIds.length === 0 ? null : config.eosIds,
    pad_token_id: config.padId ?? null,
  };
}

// Qwen's windows begin at a layer: here all have one or none has.
function qwenWindow(reader: ConfigReader): number | undefined {
  if (!reader.flag('use_sliding_window', false)) return undefined;
  const full = reader.number('max_window_layers', 28);
  if (full >= reader.layers('num_hidden_layers', 32)) return undefined;
  if (full !== 0) reader.problem('max_window_layers: windows in some of the layers are not supported');
  return reader.maybe('sliding_window');
}
