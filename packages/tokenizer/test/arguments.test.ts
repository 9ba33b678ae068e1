// What a program without types may pass: errors that name the argument, not ones from the depths.
import { describe, expect, it } from 'vitest';
import { Tokenizer, TokenizerError, type TrainOptions } from '../src/index';
import { tokenizerFromJSON } from '../src/sync';

const tokenizer = tokenizerFromJSON({
  pre_tokenizer: { type: 'Whitespace' },
  model: { type: 'WordLevel', vocab: { '[UNK]': 0, a: 1 }, unk_token: '[UNK]' },
});
/** Anything, as the type that is asked for. */
const as = (value: unknown): never => value as never;

describe('arguments', () => {
  it.each<[string, () => unknown, string]>([
    ['offsets', () => tokenizer.encode('a', { offsets: as('bytes') }), 'offsets'],
    ['allowedSpecial', () => tokenizer.encode('a', { allowedSpecial: as(true) }), 'allowedSpecial'],
    ['allowedSpecial of a batch', () => tokenizer.encodeBatch(['a'], { allowedSpecial: as('None') }), 'allowedSpecial'],
    ['pairs', () => tokenizer.encodeBatch(['a'], { pairs: as(null) }), 'encodeBatch: pairs'],
    ['texts of encodeAll', () => tokenizer.encodeAll(as('a')), 'encodeBatch: texts'],
    ['pairs of encodeAll', () => tokenizer.encodeAll(['a'], { pairs: [] }), 'encodeBatch: pairs'],
    ['maxTokens', () => tokenizer.truncateText('a a', as('1')), 'truncateText: maxTokens'],
    ['no maxTokens', () => tokenizer.truncateText('a a', as(undefined)), 'truncateText: maxTokens'],
    ['ids', () => tokenizer.decode(as(1)), 'decode: ids'],
    ['no ids', () => tokenizer.decode(as(undefined)), 'decode: ids'],
    ['text as ids', () => tokenizer.decode(as('')), 'decode: ids'],
  ])('%s', (_, call, where) => {
    let error: unknown;
    try {
      call();
    } catch (reason) {
      error = reason;
    }
    expect(error).toBeInstanceOf(TokenizerError);
    expect(error).toMatchObject({ kind: 'input', where });
  });
  it.each([undefined, null, 1, {}])('a source that is none: %s', async (source) => {
    await expect(Tokenizer.load(as(source))).rejects.toMatchObject({ kind: 'input', where: 'load: source' });
  });
});

describe('options of training', () => {
  const texts = ['hello there', 'how are you', 'hello you'];
  it.each<[keyof TrainOptions, readonly unknown[]]>([
    ['model', [undefined, null, 'gpt']],
    ['vocabSize', [0, 1.5, '100', Number.NaN]],
    ['minFrequency', [-1, '2']],
    ['specialTokens', ['<s>', [1], [null], 5]],
    ['initialAlphabet', ['ab', [1], 5]],
    ['unkToken', [5, ['[UNK]']]],
    ['continuingSubwordPrefix', [5, {}]],
    ['endOfWordSuffix', [true]],
    ['onProgress', [5, {}]],
    ['onNote', ['note']],
    ['shrinkingFactor', [0, 1, 1.5, Number.NaN, 'half']],
    ['subIterations', [0, 1.5, Number.POSITIVE_INFINITY, '2']],
    ['maxPieceLength', [0, '16']],
    ['seedSize', [-1, 1.5]],
  ])('%s', async (name, values) => {
    for (const value of values) {
      const options = { model: 'unigram', vocabSize: 40, [name]: value } as TrainOptions;
      await expect(Tokenizer.train(texts, options)).rejects.toMatchObject({
        name: 'TokenizerError',
        where: `train: ${name}`,
      });
    }
  });
  it('must be there', async () => {
    await expect(Tokenizer.train(texts, as(undefined))).rejects.toMatchObject({ where: 'train: options' });
  });
});
