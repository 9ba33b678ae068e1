// Five megabytes each of English, mixed scripts and code, from the shared fixtures where they are, else from a file.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { dataFolder } from '../../data/data-folder.js';

/** A text to encode and its name in the table. */
export interface Corpus {
  readonly name: 'english' | 'scripts' | 'code' | 'file';
  readonly text: string;
}

/** The folder above HEDDLE_DATA, which has the vocabularies in `fixtures`; undefined where they are not there. */
export function sharedFolder(): string | undefined {
  const shared = dirname(dataFolder());
  return existsSync(join(shared, 'fixtures/tokenizers')) ? shared : undefined;
}

function fill(text: string, size: number): string {
  let whole = text;
  while (whole.length < size) whole += text;
  return whole.slice(0, size);
}

function reviews(shared: string, characters: number): string {
  const file = join(shared, 'data/imdb/train.jsonl.gz');
  if (!existsSync(file)) return '';
  const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n');
  let text = '';
  for (const line of lines) {
    if (text.length >= characters || line === '') break;
    const values: unknown[] = Object.values(JSON.parse(line));
    text += `${values.find((value) => typeof value === 'string' && value.length > 20) ?? ''}\n`;
  }
  return text;
}

/** The texts of a run, each of about `characters`. */
export function corpora(characters: number, data: string | undefined): Corpus[] {
  if (data !== undefined) return [{ name: 'file', text: readFileSync(data, 'utf8').slice(0, characters) }];
  const shared = sharedFolder();
  if (shared === undefined) return [];
  const read = (folder: string, keep = (_name: string): boolean => true): string =>
    readdirSync(join(shared, 'fixtures/text', folder))
      .filter((name) => name.endsWith('.txt') && keep(name))
      .map((name) => readFileSync(join(shared, 'fixtures/text', folder, name), 'utf8'))
      .join('\n');
  return [
    {
      name: 'english',
      text: fill(reviews(shared, characters) || read('xquad', (name) => name.includes('.en.')), characters),
    },
    { name: 'scripts', text: fill(read('udhr') + read('xquad', (name) => !name.includes('.en.')), characters) },
    { name: 'code', text: fill(read('code'), characters) },
  ];
}
