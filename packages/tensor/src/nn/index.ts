// The subpath @heddle/tensor/nn: modules and layers.
export { assign } from './assign';
export { type Layer, ModuleList, Sequential } from './containers';
export { Conv1d, type Conv1dConfig } from './conv1d';
export { HalfEmbedding, HalfLinear, type HalveOptions, halvable, halve } from './half-weights';
export {
  fanInUniform,
  type InitializerOptions,
  normal,
  type SkipInitOptions,
  skipInit,
  xavierUniform,
} from './initializers';
export {
  Dropout,
  Embedding,
  type EmbeddingConfig,
  LayerNorm,
  Linear,
  type LinearConfig,
  type NormConfig,
  RMSNorm,
} from './layers';
export { type ForwardHook, type LoadOptions, Module, StateDictError, snakeCase } from './module';
export { type BufferOptions, buffer, Parameter } from './parameter';
export { QuantizedLinear, type QuantizeOptions, quantizable, quantize } from './quantized-linear';
export type { Replaceable, WeightReader } from './replace-modules';
