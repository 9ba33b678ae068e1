// Finds a model: a folder, or a tokenizer's files on a model hub, by the hub's own addresses.
import '../core';
import { TokenizerError } from '../errors';
import type { TokenizerSource } from '../files';
import { checkObject, inputError } from '../options';

/** Options of {@link Tokenizer.fromPretrained}. */
export interface HubOptions {
  /** Branch, tag or commit. Default 'main'. */
  readonly revision?: string;
  /** Sent as a bearer token, for private models. */
  readonly accessToken?: string;
  /** Default Hugging Face's. */
  readonly endpoint?: string;
  /** Default the global one. */
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
}

/** With this one the vocabulary files say nothing new. */
const COMPLETE = 'tokenizer.json';
const VOCABULARIES = ['vocab.txt', 'vocab.json', 'merges.txt', 'tokenizer.model', 'added_tokens.json'];
const BESIDE = ['tokenizer_config.json', 'special_tokens_map.json', 'chat_template.jinja', 'config.json'];
const FILES = [COMPLETE, ...BESIDE, ...VOCABULARIES];

/** True for the path of a folder; false, too, where there is no file system. */
async function isFolder(path: string): Promise<boolean> {
  if (typeof process === 'undefined') return false;
  try {
    return (await process.getBuiltinModule('node:fs/promises').stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** A folder as it is, and of a model on the hub what there is of its tokenizer. */
export async function findModel(model: string, options: HubOptions): Promise<TokenizerSource> {
  checkObject('fromPretrained: options', options);
  if (typeof model === 'string' && (/^(\.{0,2}[/\\]|[A-Za-z]:)/.test(model) || (await isFolder(model)))) return model;
  if (typeof model !== 'string' || !/^[\w.-]+(\/[\w.-]+)?$/.test(model) || model.includes('..'))
    throw inputError('fromPretrained: model', 'a folder, or a name like owner/model', model);
  return fetchFiles(model, options);
}

async function fetchFiles(model: string, options: HubOptions): Promise<Map<string, Uint8Array>> {
  const { revision = 'main', accessToken, endpoint = 'https://huggingface.co', fetch: get = fetch, signal } = options;
  const files = new Map<string, Uint8Array>();
  for (const name of FILES) {
    if (files.has(COMPLETE) && VOCABULARIES.includes(name)) continue;
    const headers: Record<string, string> = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
    const url = `${endpoint}/${model}/resolve/${encodeURIComponent(revision)}/${name}`;
    const response = await get(url, signal === undefined ? { headers } : { headers, signal });
    if (response.ok) files.set(name, new Uint8Array(await response.arrayBuffer()));
    else if (response.status !== 404)
      throw new TokenizerError({
        kind: 'file',
        where: `${model}/${name}`,
        expected: 'to be allowed to read it',
        got: `status ${response.status}`,
      });
  }
  return files;
}
