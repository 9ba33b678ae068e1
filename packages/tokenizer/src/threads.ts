// The subpath `@heddle/tokenizer/threads`.
import './core';

export { type PoolOptions, TokenizerPool } from './threads/tokenizer-pool';
export type { ThreadOptions } from './threads/worker-pool';
