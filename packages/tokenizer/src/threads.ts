// The subpath `@heddle/tokenizer/threads`.
import './core';

export { TokenizerPool } from './threads/tokenizer-pool';
export type { ThreadOptions } from './threads/worker-pool';
