// Every kernel of the module, one line a file. What a file named here exports becomes an export of the module, so
// helpers that only other kernels use live in files that are not named here (simd.ts, …).
export * from './engine';
export * from './matmul';
export * from './matmul-dots';
export * from './packed';
export * from './linear';
export * from './map';
export * from './copy';
export * from './indexing';
export * from './scan';
export * from './reduce';
export * from './in-place';
export * from './softmax';
export * from './norm';
export * from './dropout';
export * from './cross-entropy';
export * from './attention';
export * from './attention-few';
export * from './attention-grad';
export * from './attention-native';
