// The subpath `@heddle/tokenizer/threads`.
export { TokenizerPool } from './threads/tokenizer-pool';
export type { ThreadOptions } from './threads/worker-pool';
