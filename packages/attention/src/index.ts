// The public surface of @heddle/attention.

export { DecoderLayer, type DecoderLayerConfig, type DecoderLayerOptions } from './decoder-layer';
export {
  Decoder,
  type DecoderConfig,
  type DecoderOptions,
  Encoder,
  type EncoderConfig,
  type StackConfig,
} from './encoder';
export { EncoderDecoder, type EncoderDecoderConfig } from './encoder-decoder';
export { EncoderLayer, type EncoderOptions } from './encoder-layer';
export { activate, FeedForward, type FeedForwardActivation, type FeedForwardConfig, quickGelu } from './feed-forward';
export { Inspection } from './inspection';
export { KeyValueCache, KeyValues, type LayerCache } from './kv-cache';
export type { LayerConfig, Norm, NormKind, NormPlacement } from './layer-config';
export { attentionMask, type MaskOptions } from './masks';
export { type AttendOptions, type AttentionConfig, MultiHeadAttention } from './multi-head-attention';
export { alibiBias, alibiSlopes } from './positions/alibi';
export { LearnedPositions, type LearnedPositionsConfig } from './positions/learned';
export { RelativeBias, type RelativeBiasConfig, relativeBucket } from './positions/relative-bias';
export { Rope, type RopeConfig, type RopeScaling, ropeFrequencies } from './positions/rope';
export { sinusoidalPositions } from './positions/sinusoidal';
export { attentionRollout } from './rollout';
export type { CodecOptions, EncodedText, TextCodec, TokenBatch } from './text-codec';
