// Finds out what a file or folder holds, and reads it: the one place that knows all formats. Those other than
// `tokenizer.json` are fetched when a file is one of them.
import '../core';
import { TokenizerError } from '../errors';
import { type FileSet, openSource, type TokenizerSource, textOf } from '../files';
import { loadTokenizerJson } from '../reading/load-json';
import type { TokenizerParts } from '../tokenizer-parts';
import { readFolderConfig } from './folder-config';
import type { TiktokenOptions } from './tiktoken';

export { loadTokenizerJson };

/** Options of {@link Tokenizer.load}; only tiktoken files of unknown size need any. */
export interface LoadOptions {
  readonly tiktoken?: TiktokenOptions;
}

const otherFormats = (): Promise<typeof import('./other-formats')> => import('./other-formats');

/** A tiktoken file starts with base64, a space and 0. */
function looksLikeTiktoken(bytes: Uint8Array): boolean {
  return /^[A-Za-z0-9+/]+={0,2} \d+\r?\n/.test(new TextDecoder().decode(bytes.subarray(0, 200)));
}

/** Reads one file by what it is; undefined where a folder's other files are needed as well. */
async function readFile(name: string, bytes: Uint8Array, options: LoadOptions): Promise<TokenizerParts | undefined> {
  if (name.endsWith('.tiktoken') || (name.endsWith('.model') && looksLikeTiktoken(bytes)))
    return (await otherFormats()).readTiktoken(bytes, name, options.tiktoken);
  if (name.endsWith('.model') || name.endsWith('.spm')) return (await otherFormats()).readSentencePiece(bytes, name);
  if (name.endsWith('.bin')) return (await otherFormats()).readLlama2c(bytes, name);
  return undefined;
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

async function readMain(
  files: FileSet,
  name: string,
  bytes: Uint8Array,
  options: LoadOptions,
): Promise<TokenizerParts> {
  const text = async (other: string): Promise<string | undefined> => {
    const content = await files.read(other);
    return content === undefined ? undefined : textOf(content, other);
  };
  const single = await readFile(name, bytes, options);
  const config = readFolderConfig({
    config: await text('tokenizer_config.json'),
    specials: await text('special_tokens_map.json'),
    chatTemplate: await text('chat_template.jinja'),
  });
  if (single !== undefined)
    return { ...single, roles: { ...config.roles, ...single.roles }, chatTemplate: config.chatTemplate };
  if (name.endsWith('.txt')) return (await otherFormats()).readVocabTxt(textOf(bytes, name), name, config);
  if (/(^|[-_.])vocab\.json$/.test(name)) {
    const merges = await text(name.replace(/vocab\.json$/, 'merges.txt'));
    if (merges === undefined)
      throw new TokenizerError({ kind: 'file', where: files.name, expected: 'a merges.txt beside vocab.json' });
    return (await otherFormats()).readVocabMerges(textOf(bytes, name), merges, name, config);
  }
  const parts = await loadTokenizerJson(textOf(bytes, name), name);
  return { ...parts, roles: config.roles, chatTemplate: config.chatTemplate };
}

/** Reads a tokenizer from wherever it is. */
export async function loadParts(source: TokenizerSource, options: LoadOptions = {}): Promise<TokenizerParts> {
  const files = await openSource(source);
  for (const name of files.single === undefined ? MAIN_FILES : [files.single]) {
    const bytes = await files.read(name);
    if (bytes !== undefined) return readMain(files, name, bytes, options);
  }
  throw new TokenizerError({ kind: 'file', where: files.name, expected: `one of ${MAIN_FILES.join(', ')} in it` });
}
