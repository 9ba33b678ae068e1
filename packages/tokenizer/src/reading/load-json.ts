// Reads a `tokenizer.json`, fetching what it names.
import { Fields } from '../json';
import type { TokenizerParts } from '../tokenizer-parts';
import { loadReaders } from './load-readers';
import { readTokenizerJson, SECTIONS } from './read-json';
import { parseTokenizerJson } from './scan-json';

/** Reads the content of a `tokenizer.json`, as text or parsed. */
export async function loadTokenizerJson(json: unknown, file?: string): Promise<TokenizerParts> {
  const fields = new Fields(typeof json === 'string' ? parseTokenizerJson(json, file) : json, '$', file);
  const readers = await loadReaders({
    normalizer: fields.raw(SECTIONS.normalizer),
    preTokenizer: fields.raw(SECTIONS.preTokenizer),
    model: fields.raw(SECTIONS.model),
    postProcessor: fields.raw(SECTIONS.postProcessor),
    decoder: fields.raw(SECTIONS.decoder),
  });
  return readTokenizerJson(fields, readers);
}
