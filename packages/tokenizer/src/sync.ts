// Reading without waiting: every component of the format is here, so who can wait is better off with the main entry.
import './core';
import { Fields } from './json';
import { allReaders } from './reading/all-readers';
import { readTokenizerJson } from './reading/read-json';
import { parseTokenizerJson } from './reading/scan-json';
import { Tokenizer } from './tokenizer';

/**
 * Reads the content of a `tokenizer.json`, as text or parsed, at once. `file` is the name that errors give.
 *
 * @example
 * ```ts
 * import { tokenizerFromJSON } from '@heddle/tokenizer/sync';
 * const tokenizer = tokenizerFromJSON({
 *   pre_tokenizer: { type: 'Whitespace' },
 *   model: { type: 'WordLevel', vocab: { '[UNK]': 0, hello: 1 }, unk_token: '[UNK]' },
 * });
 * console.log(tokenizer.encode('hello there').ids); // [1, 0]
 * ```
 */
export function tokenizerFromJSON(json: string | object, file?: string): Tokenizer {
  const fields = new Fields(typeof json === 'string' ? parseTokenizerJson(json, file) : json, '$', file);
  return new Tokenizer(readTokenizerJson(fields, allReaders));
}
