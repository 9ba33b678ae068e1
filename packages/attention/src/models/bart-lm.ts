// The decoder of BART or Marian alone: a causal language model, as transformers' BartForCausalLM and MarianForCausalLM. It
// looks at a memory where it is given one.
import { type Tensor, tensor } from '@heddle/tensor';
import { sinusoidalPositions } from '../positions/sinusoidal';
import type { BatchTensors } from '../text-batch';
import { type Architecture, loaderOf, memberOf, type SavePretrainedOptions, writePretrained } from './architecture';
import { type BartConfig, bartFamilies } from './bart';
import type { CheckpointLayout } from './checkpoint-layout';
import { DecoderLM, type Places } from './decoder-lm';
import type { ModelTarget } from './folder-target';

/** Settings of a `BartLM`: what they say of the encoder isn't asked. */
export interface BartLMConfig extends Omit<BartConfig, 'logitsBias'> {}

/**
 * The decoder of BART or Marian with its head over the vocabulary.
 *
 * @example
 * ```ts no-run
 * import { BartLM } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const model = await BartLM.fromPretrained('models/bart-decoder');
 * ```
 */
export class BartLM extends DecoderLM {
  constructor(readonly config: BartLMConfig) {
    const { family, dim, dropout, scaled, decoderLayers, decoderHeads, decoderHiddenDim } = config;
    super({
      ...config,
      layers: decoderLayers,
      heads: decoderHeads,
      hiddenDim: decoderHiddenDim,
      placement: 'post',
      cross: 'optional',
      learnedPositions: family === 'bart',
      positionOffset: 2,
      embeddingNorm: family === 'bart',
      embeddingScale: scaled ? Math.sqrt(dim) : 1,
      embeddingDropout: dropout,
      fixedPadding: true,
    });
  }

  protected override positional(batch: BatchTensors, places: Places): Tensor | null {
    const { family, dim } = this.config;
    return family === 'bart' ? super.positional(batch, places) : waves(batch.ids.shape[1], dim, places);
  }

  /** Loads a folder with config.json and weights; see `Llama.fromPretrained`. */
  static readonly fromPretrained = loaderOf((source) => memberOf(bartLMs, source, bartLMs.bart));

  /** How a checkpoint names the weights. */
  get layout(): CheckpointLayout {
    return bartLMs[this.config.family].layout(this.config);
  }

  /** Writes a folder that `transformers` loads. */
  async savePretrained(target: ModelTarget, options: SavePretrainedOptions = {}): Promise<void> {
    await writePretrained(bartLMs[this.config.family], this, this.config, target, options);
  }
}

/** Marian's positions, `[T, dim]`, or `[B, T, dim]` of given ones. */
function waves(tokens: number, dim: number, { start, positions }: Places): Tensor {
  if (positions === undefined) return sinusoidalPositions(tokens, dim, { interleaved: false, start });
  const last = positions.reduce((a, b) => Math.max(a, b), 0);
  const table = sinusoidalPositions(last + 1, dim, { interleaved: false });
  return table.take(tensor(positions)).reshape([-1, tokens, dim]);
}

function member(family: BartLMConfig['family'], name: string): Architecture<BartLMConfig, BartLM> {
  const whole = bartFamilies[family];
  return {
    modelType: family,
    names: [name],
    read: (reader) => whole.read(reader),
    write: (config) => ({
      ...whole.write(config),
      architectures: [name],
      is_decoder: true,
      is_encoder_decoder: false,
    }),
    parameters: (config) => whole.parameters({ ...config, layers: 0 }),
    make: (config) => new BartLM(config),
    layout: (config) => {
      const { names, ...layout } = whole.layout(config);
      const own = {
        embedding: 'model.decoder.embed_tokens',
        position_embedding: 'model.decoder.embed_positions',
        embedding_norm: 'model.decoder.layernorm_embedding',
      };
      const ignored = layout.ignored?.filter((pattern) => !pattern.test(`${own.embedding}.weight`));
      return { ...layout, names: { ...names, ...own }, ignored: ignored ?? [] };
    },
  };
}

/** Each family's place in the loader. */
export const bartLMs: Readonly<Record<BartLMConfig['family'], Architecture<BartLMConfig, BartLM>>> = {
  bart: member('bart', 'BartForCausalLM'),
  marian: member('marian', 'MarianForCausalLM'),
};
