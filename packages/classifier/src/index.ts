// The public surface of @heddle/classifier.
export type { TextBatch, TextCodec } from '@heddle/attention';
export type { BackboneConfig } from './backbone';
export type { Target } from './folder';
export { Forecaster, type ForecasterConfig } from './forecaster';
export { Pooling, type PoolingKind } from './pooling';
export {
  type Prediction,
  SequenceClassifier,
  type SequenceClassifierConfig,
  type WeighedToken,
} from './sequence-classifier';
export type { TextOptions } from './text-model';
export { TextRegressor, type TextRegressorConfig } from './text-regressor';
export { type LabeledToken, TokenClassifier, type TokenClassifierConfig } from './token-classifier';
