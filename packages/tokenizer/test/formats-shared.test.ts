// The other formats against the libraries that own them: sentencepiece's pieces, tiktoken's ids, BERT's and GPT-2's files.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../src/index';
import { readLines, shared } from './shared';

const at = (...path: string[]): string => join(shared ?? '', 'fixtures', ...path);
const expected = (name: string): string => at('expected', `${name}.jsonl.gz`);

interface Pieces {
  text: string;
  ids: number[];
  tokens: string[];
  decoded: string;
}

describe.skipIf(shared === undefined)('formats', () => {
  it.each([
    ['llama-2', 'tokenizers/llama-2/tokenizer.model'],
    ['albert-german-30k', 'tokenizers/albert-german-30k/spiece.model'],
    ['t5-small', 'tokenizers/t5-small/spiece.model'],
    ['xlnet-base-cased', 'tokenizers/xlnet-base-cased/spiece.model'],
    ['opus-mt-en-mg-source', 'tokenizers/opus-mt-en-mg/source.spm'],
    ['opus-mt-en-mg-target', 'tokenizers/opus-mt-en-mg/target.spm'],
    ['marian-nmt-joint', 'tokenizers/marian-nmt-joint/vocab.joint.spm'],
    ['sentencepiece-en.wiki.bpe.vs100000', 'tokenizers/sentencepiece-test-models/en.wiki.bpe.vs100000.model'],
    ['sentencepiece-test_ja_model', 'tokenizers/sentencepiece-test-models/test_ja_model.model'],
    ['sentencepiece-test_model', 'tokenizers/sentencepiece-test-models/test_model.model'],
    ['sentencepiece-toy', 'tokenizers/sentencepiece-test-models/toy.model'],
    ['stories260K-tok512', 'models/stories260K/tok512.model'],
  ])('sentencepiece: %s', async (name, file) => {
    const tokenizer = await Tokenizer.load(at(file));
    const model = tokenizer.toJSON()['model'] as { vocab: [string, number][] };
    // Two ways with the same score to five digits are a tie, which single precision decides by its rounding.
    const score = (ids: readonly number[]): string =>
      Array.isArray(model.vocab)
        ? ids.reduce((sum, id) => sum + (model.vocab[id]?.[1] ?? 0), 0).toFixed(4)
        : ids.join();
    const differences = readLines<Pieces>(expected(`${name}.spm`)).flatMap((line, i) => {
      const ours = tokenizer.encode(line.text).ids;
      if (score(ours) === score(line.ids) && ours.length === line.ids.length) return [];
      return JSON.stringify(ours) === JSON.stringify(line.ids)
        ? []
        : [`${i} ${JSON.stringify(line.text)}\n ${ours}\n ${line.ids}`];
    });
    expect(differences.length, differences.slice(0, 4).join('\n')).toBe(0);
  });

  it.each([
    ['cl100k', 'cl100k/cl100k_base.tiktoken'],
    ['o200k', 'o200k/o200k_base.tiktoken'],
  ])('tiktoken: %s', async (name, file) => {
    const tokenizer = await Tokenizer.load(at('tokenizers', file));
    const lines = readLines<{ text: string; ids_ordinary: number[]; ids_all_special?: number[] }>(
      expected(`${name}.tiktoken`),
    );
    const differences = lines.flatMap((line, i) => {
      const ours = [
        [...tokenizer.encodeIds(line.text, { allowedSpecial: 'none' })],
        [...tokenizer.encodeIds(line.text)],
      ];
      const theirs = [line.ids_ordinary, line.ids_all_special ?? line.ids_ordinary];
      return JSON.stringify(ours) === JSON.stringify(theirs)
        ? []
        : [`${i} ${JSON.stringify(line.text)}\n ${ours[0]}\n ${theirs[0]}`];
    });
    expect(differences.length, differences.slice(0, 4).join('\n')).toBe(0);
  });

  it('llama2.c: tokenizer.bin gives what the .model file gives', async () => {
    for (const [bin, model] of [
      ['tokenizers/llama-2/tokenizer.bin', 'tokenizers/llama-2/tokenizer.model'],
      ['models/stories260K/tok512.bin', undefined],
    ] as const) {
      const a = await Tokenizer.load(at(bin));
      const text = 'Once upon a time, there was a café. 日本 🙂';
      expect(a.decode(a.encode(text).ids)).toBe(text);
      if (model === undefined) continue;
      const b = await Tokenizer.load(at(model));
      for (const { text: line } of readLines<Pieces>(expected('llama-2.spm')))
        expect(a.encode(line).ids).toEqual(b.encode(line).ids);
    }
  });

  it.each(['bert-base-uncased', 'bert-base-cased', 'gpt2', 'roberta-base', 'llama-3'])(
    'plain vocabulary files: %s',
    async (name) => {
      const json = await Tokenizer.load(at('tokenizers', name, 'tokenizer.json'));
      const files = new Map<string, Uint8Array>();
      for (const file of ['vocab.txt', 'vocab.json', 'merges.txt', 'tokenizer_config.json', 'tiktoken.model'])
        if (existsSync(at('tokenizers', name, file))) files.set(file, readFileSync(at('tokenizers', name, file)));
      if (name === 'bert-base-cased')
        files.set('tokenizer_config.json', new TextEncoder().encode('{"do_lower_case":false}'));
      const split =
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
      const plain = await Tokenizer.load(files, { tiktoken: { pattern: split } });
      const special = name === 'llama-3' ? 'none' : 'all';
      for (const { text } of readLines<Pieces>(expected(name)).filter((line) => !/<|\[/.test(line.text)))
        expect([...plain.encodeIds(text, { allowedSpecial: special })]).toEqual([
          ...json.encodeIds(text, { allowedSpecial: special }),
        ]);
    },
  );

  it.each([
    'bert-base-uncased/vocab.txt',
    'gpt2/vocab.json',
    'roberta-base/vocab.json',
    'openai-gpt/vocab.json',
    'cl100k/cl100k_base.tiktoken',
  ])('%s gives the same from the tokenizer.json that is made of it', async (file) => {
    const tokenizer = await Tokenizer.load(at('tokenizers', file));
    const again = await Tokenizer.fromJSON(JSON.stringify(tokenizer));
    expect(tokenizer.isPortable).toBe(true);
    for (const { text } of readLines<Pieces>(expected('gpt2'))) {
      const { ids, tokens, offsets } = tokenizer.encode(text);
      const theirs = again.encode(text);
      expect([ids, tokens, offsets]).toEqual([theirs.ids, theirs.tokens, theirs.offsets]);
      expect(again.decode(ids)).toBe(tokenizer.decode(ids));
    }
  });
});
