// What a browser or an edge worker loads names no module of Node's; only a path given to load or save asks for one.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type EncodedBatch, type Encoding, Tokenizer } from '../src/index';

const source = new URL('../src', import.meta.url).pathname;

it('has no import of a Node module', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(60);
  const found = files.filter((file) =>
    readFileSync(join(source, file), 'utf8')
      .split('\n')
      .some((line) => !line.startsWith('import type') && /(from|import\()\s*'node:/.test(line)),
  );
  expect(found).toEqual([]);
});

it('fulfils the codec that models ask for', async () => {
  interface TextCodec {
    readonly vocabSize: number;
    readonly padId: number | undefined;
    readonly eosId: number | undefined;
    encode(text: string): Pick<Encoding, 'ids'>;
    encodeBatch(texts: readonly string[], options?: { padding?: boolean; maxLength?: number }): EncodedBatch;
    decode(ids: ArrayLike<number>): string;
  }
  const codec: TextCodec = await Tokenizer.train(['a b a b'], { model: 'wordpiece', vocabSize: 20 });
  expect(codec.decode(codec.encodeBatch(['a b']).ids)).toBe('a b');
});

it('saves whole files only', async () => {
  const { mkdtempSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const folder = mkdtempSync(join(tmpdir(), 'heddle-save-'));
  const tokenizer = await Tokenizer.train(['a b c'], { model: 'bpe', vocabSize: 270 });
  await tokenizer.save(folder);
  await tokenizer.save(join(folder, 'other.json'));
  expect(readdirSync(folder).sort()).toEqual(['other.json', 'tokenizer.json']);
  expect(JSON.stringify(await Tokenizer.load(folder))).toBe(JSON.stringify(tokenizer));
  await expect(tokenizer.save(join(folder, 'other.json', 'x'))).rejects.toMatchObject({ name: 'TokenizerError' });
  await expect(Tokenizer.load(join(folder, 'none'))).rejects.toThrow(/readable file or folder/);
});
