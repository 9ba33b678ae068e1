// The subpath @heddle/tensor/io: safetensors, and files that are written whole or not at all.
export { roundHalf } from '../half';
export { CheckpointFile, openCheckpoint, openSafetensors, type TensorInfo } from './checkpoint-file';
export type { FileDType } from './file-dtype';
export { type LoadWeightsOptions, loadSafetensors, loadWeights } from './load';
export { readFile, readJson } from './read';

export { type DeferredTensor, type SavedFloat, type SaveOptions, saveSafetensors } from './save';
export { sha256 } from './sha256';
export type { Source } from './source';
export { type Content, WriteError, type WriteOptions, type Written, writeFile } from './write';
