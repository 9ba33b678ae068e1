// Finds out what a file or folder holds, and reads it. What reads anything but a `tokenizer.json` that stands alone is
// fetched when there is more.
import '../core';
import { TokenizerError } from '../errors';
import { openSource, type TokenizerSource, textOf } from '../files';
import { loadTokenizerJson } from '../reading/load-json';
import type { TokenizerParts } from '../tokenizer-parts';
import type { TiktokenOptions } from './tiktoken';

export { loadTokenizerJson };

/** Options of {@link Tokenizer.load}; only tiktoken files of unknown size need any. */
export interface LoadOptions {
  readonly tiktoken?: TiktokenOptions;
}

/** What a folder's main file may be called, the fullest description first. */
const MAIN_FILES = [
  'tokenizer.json',
  'vocab.json',
  'vocab.txt',
  'tokenizer.model',
  'spiece.model',
  'sentencepiece.bpe.model',
  'tiktoken.model',
  'tokenizer.bin',
];

/** What may stand beside it. */
const SIDE_FILES = ['tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json', 'chat_template.jinja'];

/** Reads a tokenizer from wherever it is. */
export async function loadParts(source: TokenizerSource, options: LoadOptions = {}): Promise<TokenizerParts> {
  const files = await openSource(source);
  for (const name of files.single === undefined ? MAIN_FILES : [files.single]) {
    const bytes = await files.read(name);
    if (bytes === undefined) continue;
    const beside = await Promise.all(SIDE_FILES.map(async (side) => (await files.read(side)) && side));
    const isPlain = name.endsWith('.json') && !name.endsWith('vocab.json');
    if (isPlain && !beside.some(Boolean)) return loadTokenizerJson(textOf(bytes, name), name);
    return (await import('./folder')).readFolder(files, name, bytes, options);
  }
  throw new TokenizerError({ kind: 'file', where: files.name, expected: `one of ${MAIN_FILES.join(', ')} in it` });
}
