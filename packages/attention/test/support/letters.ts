// A tokenizer for models of 23 tokens, where texts have to be told apart and nothing more.
import type { TextCodec } from '../../src/index';

/** Each id is a letter. */
export const codec: TextCodec = {
  vocabSize: 23,
  encode: () => ({ ids: [0], tokens: ['a'], offsets: [[0, 1]] }),
  encodeBatch: () => ({ ids: Int32Array.of(0), mask: Int32Array.of(1), shape: [1, 1] }),
  decode: (ids) => Array.from(ids, (id) => String.fromCharCode(97 + id)).join(''),
  toJSON: () => ({}),
};
