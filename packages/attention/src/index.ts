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
export { gradientCheckpointing } from './fine-tuning/gradient-checkpointing';
export { type DecayGroup, type LayerwiseDecayConfig, layerwiseDecay } from './fine-tuning/layerwise-decay';
export { type Adaptable, Lora, type LoraConfig, type SiteSettings } from './fine-tuning/lora';
export { type Promptable, PromptTuning, type PromptTuningConfig } from './fine-tuning/prompt-tuning';
export type { ChoiceOptions } from './generation/choice';
export { constrainToPattern, constrainToSchema } from './generation/constraint';
export type { JsonSchema, SchemaOptions } from './generation/constraint/json-schema';
export type { TokenConstraint } from './generation/constraint/token-constraint';
export type { Decoding, RowView } from './generation/decoding';
export { type Generated, generate, generateSteps, type Prompts } from './generation/generate';
export type { GenerationConfig } from './generation/generation-config';
export type { ProcessorOptions } from './generation/logits-processor';
export type { DecodingOptions, GenerateOptions, Generative } from './generation/options';
export { PromptPrefix } from './generation/prompt-prefix';
export type { GenerationStep, WrittenToken } from './generation/step';
export type { StreamOptions } from './generation/stream';
export {
  type AttributionOptions,
  type Attributions,
  type AttributionTarget,
  gradientTimesInput,
  type IntegratedGradientsOptions,
  integratedGradients,
  type TextModelLike,
} from './inspection/attributions';
export { type DrawOptions, draw } from './inspection/draw';
export { Inspection } from './inspection/inspection';
export { logitLens } from './inspection/logit-lens';
export { type OcclusionOptions, occlusion } from './inspection/occlusion';
export { attentionRollout } from './inspection/rollout';
export { type Trace, type TraceRow, trace } from './inspection/trace';
export { type CacheOptions, KeyValueCache, KeyValues, type LayerCache } from './kv-cache';
export type { LayerConfig, Norm, NormKind, NormPlacement } from './layer-config';
export { attentionMask, blockMask, type MaskOptions, segmentMask } from './masks';
export { type ExpertsConfig, type MixtureConfig, MixtureOfExperts } from './mixture-of-experts';
export type { Architecture, PretrainedOptions, SavePretrainedOptions } from './models/architecture';
export { AutoModel, type AutoModelOptions, type PretrainedModel } from './models/auto';
export { Bart, type BartConfig } from './models/bart';
export { BartClassifier, type BartClassifierConfig } from './models/bart-classifier';
export { BartLM, type BartLMConfig } from './models/bart-lm';
export { Bert, type BertConfig, type BertFamily, bertConfig } from './models/bert';
export { BertLM, type BertLMConfig, type BertLMFamily } from './models/bert-lm';
export { Bloom, type BloomConfig } from './models/bloom';
export type { LoadedDType } from './models/checkpoint';
export type { CheckpointLayout } from './models/checkpoint-layout';
export { Clip, type ClipConfig, clipConfig, contrastiveLoss } from './models/clip';
export { ClipClassifier, type ClipClassifierConfig } from './models/clip-classifier';
export {
  ClipTextModel,
  type ClipTextModelConfig,
  ClipVisionModel,
  type ClipVisionModelConfig,
} from './models/clip-tower-models';
export {
  ClipImage,
  type ClipImageConfig,
  type ClipOptions,
  ClipText,
  type ClipTextConfig,
  type ClipTowerConfig,
} from './models/clip-towers';
export { DecoderClassifier, type DecoderClassifierConfig, type DecoderTask } from './models/decoder-classifier';
export { DecoderLM, type DecoderLMConfig, type LanguageOptions } from './models/decoder-lm';
export {
  EncoderDecoderClassifier,
  type EncoderDecoderLabels,
  type EncoderDecoderTask,
} from './models/encoder-decoder-classifier';
export { EncoderDecoderLM, type EncoderDecoderLMConfig, type EncoderDecoderOptions } from './models/encoder-decoder-lm';
export {
  type ClassificationHead,
  type EncoderHead,
  EncoderModel,
  type EncoderModelConfig,
  type EncoderModelShape,
  type MaskedLMHead,
  type PoolOptions,
} from './models/encoder-model';
export type { ModelTarget } from './models/folder-target';
export { GptNeoX, type GptNeoXConfig } from './models/gpt-neox';
export { Gpt2, type Gpt2Config, gpt2Config } from './models/gpt2';
export { HubError } from './models/hub/errors';
export type { HubOptions } from './models/hub/hub';
export { Llama, type LlamaConfig, type LlamaFamily, llamaConfig } from './models/llama';
export { MaskedVit, type MaskedVitConfig, type MaskedVitOptions, maskedImageLoss } from './models/masked-vit';
export { Pooler } from './models/pooler';
export { type SentenceDenseConfig, SentenceEncoder, type SentenceEncoderConfig } from './models/sentence-encoder';
export type { SentencePooling } from './models/sentence-pooling';
export { T5, type T5Config, t5Config } from './models/t5';
export { T5Classifier, type T5ClassifierConfig } from './models/t5-classifier';
export { T5Encoder, type T5EncoderConfig } from './models/t5-encoder';
export { Vit, type VitConfig, type VitOptions, vitConfig } from './models/vit';
export { type AttendOptions, type AttentionConfig, MultiHeadAttention } from './multi-head-attention';
export { PatchEmbedding, type PatchEmbeddingConfig } from './patch-embedding';
export { alibiBias, alibiSlopes } from './positions/alibi';
export { LearnedPositions, type LearnedPositionsConfig } from './positions/learned';
export { RelativeBias, type RelativeBiasConfig, relativeBucket } from './positions/relative-bias';
export { Rope, type RopeConfig, type RotateOptions } from './positions/rope';
export { type RopeScaling, ropeFrequencies } from './positions/rope-scaling';
export { sinusoidalPositions } from './positions/sinusoidal';
export { Routing } from './routing';
export { type BatchLimits, type BatchTensors, batchTensors, type TextBatch } from './text-batch';
export type { CodecOptions, EncodedText, TextCodec, TokenBatch } from './text-codec';
export type { SelfAttendOptions } from './transformer-layer';
export { embeddingOf, readWordVectors, type WordVectorOptions, type WordVectors } from './word-vectors';
