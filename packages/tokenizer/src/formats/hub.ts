// Fetches a tokenizer's files from a model hub, by the hub's own addresses.
import '../core';
import { describe, TokenizerError } from '../errors';

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
const FILES = [COMPLETE, 'tokenizer_config.json', 'special_tokens_map.json', 'chat_template.jinja', ...VOCABULARIES];

/** Downloads what there is of a model's tokenizer. */
export async function fetchFiles(model: string, options: HubOptions): Promise<Map<string, Uint8Array>> {
  if (!/^[\w.-]+(\/[\w.-]+)?$/.test(model) || model.includes('..'))
    throw new TokenizerError({
      kind: 'input',
      where: 'fromPretrained: model',
      expected: 'a folder, or a name like owner/model',
      got: describe(model),
    });
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
