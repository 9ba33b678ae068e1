// The public surface of @heddle/classifier.
export type { TextBatch, TextCodec } from '@heddle/attention';
export type { Answer } from './answers';
export type { BackboneConfig, ResolvedBackbone } from './backbone';
export type { Aggregation, Entity } from './entities';
export type { Target } from './folder';
export { Forecaster, type ForecasterConfig } from './forecaster';
export type { EncodedPair, PairCodec } from './pair-codec';
export { Pooling, type PoolingKind } from './pooling';
export {
  type Prediction,
  type ProblemType,
  type ResolvedSequenceClassifier,
  SequenceClassifier,
  type SequenceClassifierConfig,
  type WeighedToken,
} from './sequence-classifier';
export {
  type Question,
  type SpanBatch,
  SpanClassifier,
  type SpanClassifierConfig,
  type SpanOptions,
  spanLoss,
} from './span-classifier';
export type { TextOptions, TextPair } from './text-model';
export { type ResolvedTextRegressor, TextRegressor, type TextRegressorConfig } from './text-regressor';
export {
  type EntityOptions,
  type LabeledToken,
  type ResolvedTokenClassifier,
  TokenClassifier,
  type TokenClassifierConfig,
  type TokenOptions,
} from './token-classifier';
export { type EntailmentModel, type ZeroShotLabel, type ZeroShotOptions, zeroShot } from './zero-shot';
