// A main file of any format with what stands beside it. A folder is read as transformers' AutoTokenizer reads it; a file
// that was named itself as `tokenizers` reads it, and of the rest only names and templates are taken.
import '../core';
import { TokenizerError } from '../errors';
import { type FileSet, textOf } from '../files';
import { loadTokenizerJson } from '../reading/load-json';
import { parseTokenizerJson } from '../reading/scan-json';
import type { TokenizerParts } from '../tokenizer-parts';
import { amendParts } from './auto-tokenizer';
import { amendJson } from './class-settings';
import { type FolderConfig, readFolderConfig } from './folder-config';
import type { LoadOptions } from './load';

const otherFormats = (): Promise<typeof import('./other-formats')> => import('./other-formats');

/** A tiktoken file starts with base64, a space and 0. */
function looksLikeTiktoken(bytes: Uint8Array): boolean {
  return /^[A-Za-z0-9+/]+={0,2} \d+\r?\n/.test(new TextDecoder().decode(bytes.subarray(0, 200)));
}

/** Reads a file that says everything itself; undefined where it is none. */
async function readBinary(name: string, bytes: Uint8Array, options: LoadOptions): Promise<TokenizerParts | undefined> {
  if (name.endsWith('.tiktoken') || (name.endsWith('.model') && looksLikeTiktoken(bytes)))
    return (await otherFormats()).readTiktoken(bytes, name, options.tiktoken);
  if (name.endsWith('.model') || name.endsWith('.spm')) return (await otherFormats()).readSentencePiece(bytes, name);
  if (name.endsWith('.bin')) return (await otherFormats()).readLlama2c(bytes, name);
  return undefined;
}

type ReadText = (name: string) => Promise<string | undefined>;

async function readText(
  files: FileSet & { readonly single?: string },
  name: string,
  text: string,
  other: ReadText,
  config: FolderConfig,
): Promise<TokenizerParts> {
  if (name.endsWith('.txt')) return (await otherFormats()).readVocabTxt(text, name, config);
  if (/(^|[-_.])vocab\.json$/.test(name)) {
    const merges = await other(name.replace(/vocab\.json$/, 'merges.txt'));
    if (merges === undefined)
      throw new TokenizerError({ kind: 'file', where: files.name, expected: 'a merges.txt beside vocab.json' });
    return (await otherFormats()).readVocabMerges(text, merges, name, config);
  }
  const json = parseTokenizerJson(text, name);
  return loadTokenizerJson(files.single === undefined ? amendJson(json, config) : json, name);
}

/** Reads the main file of a folder, or a single file, with what stands beside it. */
export async function readFolder(
  files: FileSet & { readonly single?: string },
  name: string,
  bytes: Uint8Array,
  options: LoadOptions,
): Promise<TokenizerParts> {
  const text: ReadText = async (other) => {
    const content = await files.read(other);
    return content === undefined ? undefined : textOf(content, other);
  };
  const config = readFolderConfig({
    config: await text('tokenizer_config.json'),
    specials: await text('special_tokens_map.json'),
    added: await text('added_tokens.json'),
    chatTemplate: await text('chat_template.jinja'),
    model: files.single === undefined ? await text('config.json') : undefined,
  });
  const read =
    (await readBinary(name, bytes, options)) ?? (await readText(files, name, textOf(bytes, name), text, config));
  const parts = { ...read, roles: { ...config.roles, ...read.roles }, chatTemplate: config.chatTemplate };
  return files.single === undefined ? amendParts(parts, config) : parts;
}
