// The subpath @heddle/tensor/optim: optimizers, clipping, schedules.
export { Adam, type AdamConfig, AdamW, Lion, type LionConfig, SGD, type SgdConfig } from './algorithms';
export { clipGradNorm, clipGradValue } from './clip';
export { type BaseSettings, type LiveGroup, Optimizer, type ParameterGroup } from './optimizer';
export {
  constant,
  cosine,
  LearningRate,
  linear,
  type OneCycleConfig,
  oneCycle,
  type PlateauConfig,
  ReduceOnPlateau,
  type Schedule,
  type ScheduleState,
  warmup,
} from './schedules';
export type { OptimizerState } from './state';
