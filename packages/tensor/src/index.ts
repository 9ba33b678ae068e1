// The public surface of @heddle/tensor. Modules, optimizers and files have subpaths of their own.
export { type BackwardOptions, grad, gradients } from './autograd';
export type { Backend, BackendInfo, GpuInfo } from './backends/backend';
export { WorkerLost } from './backends/wasm/engine/worker-lost';
export { breathe } from './breathe';
export { checkpoint } from './checkpoint';
export type { DType, HostArray, HostArrays } from './dtype';
export {
  ArgumentError,
  BackendError,
  DeviceLost,
  DTypeError,
  FormatError,
  GraphError,
  HeddleError,
  IndexError,
  LimitExceeded,
  OutOfMemory,
  ShapeError,
  TensorFreed,
} from './errors';
export { gelu, silu } from './fused/activations';
export {
  type AttentionAttrs,
  type AttentionOptions,
  attentionWeights,
  scaledDotProductAttention,
} from './fused/attention';
export { type CrossEntropyOptions, crossEntropy, type Reduction } from './fused/cross-entropy';
export { dropout } from './fused/dropout';
export { embedding } from './fused/embedding';
export { type Activation, linear } from './fused/linear';
export { linearHalf, widenHalf } from './fused/linear-half';
export { linearInt8 } from './fused/linear-int8';
export { layerNorm, type NormLayerOptions, rmsNorm } from './fused/norm';
export type { HalfFormat } from './fused/packed';
export { logSoftmax, softmax } from './fused/softmax';
export { backendInfo, type GpuOptions, type InitOptions, init } from './init';
export { keep, scope } from './lifetime';
export {
  abs,
  add,
  cast,
  ceil,
  clamp,
  cos,
  div,
  erf,
  exp,
  floor,
  log,
  log1p,
  maximum,
  minimum,
  mod,
  mul,
  neg,
  pow,
  reciprocal,
  relu,
  round,
  rsqrt,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  sub,
  tanh,
} from './ops/arithmetic';
export {
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
} from './ops/compare';
export {
  arange,
  type CreateOptions,
  full,
  type Nested,
  ones,
  type RandomOptions,
  rand,
  randint,
  randn,
  tensor,
  zeros,
} from './ops/create';
export { einsum } from './ops/einsum';
export {
  argsort,
  concat,
  gather,
  maskedFill,
  oneHot,
  pad,
  type Sorted,
  scatterAdd,
  sort,
  stack,
  take,
  topk,
} from './ops/indexing';
export { binaryCrossEntropy, huberLoss, type LossOptions, mseLoss } from './ops/losses';
export { matmul } from './ops/matmul';
export {
  type ArgOptions,
  all,
  any,
  argmax,
  argmin,
  cumsum,
  logSumExp,
  max,
  mean,
  min,
  type NormOptions,
  norm,
  type ReduceOptions,
  std,
  sum,
  type VarianceOptions,
  variance,
} from './ops/reduce';
export {
  contiguous,
  expand,
  flatten,
  permute,
  type Range,
  reshape,
  select,
  slice,
  split,
  squeeze,
  transpose,
  unsqueeze,
} from './ops/views';
export { where } from './ops/where';
export { print } from './print';
export { type KernelCall, type Phase, type Profile, type ProfileRow, profile } from './profile';
export { Generator, type RandomState } from './random';
export { readNow } from './read-now';
export { enableGrad, noGrad } from './recording';
export { defaultGenerator, manualSeed } from './runtime';
export type { Shape } from './shape';
export { type MemoryCounts, memory, resetPeak } from './storage';
export { type AnyTensor, onesLike, Tensor, type TensorLike } from './tensor';
