// What a program without types may pass: errors that name the argument, not ones from the depths.
import { describe, expect, it, vi } from 'vitest';
import { renderChat } from '../src/chat';
import {
  Bpe,
  Digits,
  Regex,
  Replace,
  ReplaceDecoder,
  RobertaProcessing,
  Split,
  Strip,
  Unigram,
  Vocab,
  WordLevel,
} from '../src/components';
import { Tokenizer, TokenizerError, type TrainOptions } from '../src/index';
import { tokenizerFromJSON } from '../src/sync';

const tokenizer = tokenizerFromJSON({
  pre_tokenizer: { type: 'Whitespace' },
  model: { type: 'WordLevel', vocab: { '[UNK]': 0, a: 1 }, unk_token: '[UNK]' },
});
/** Anything, as the type that is asked for. */
const as = (value: unknown): never => value as never;

const model = new WordLevel(['a', 'b']);

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
    ['rows', () => tokenizer.decodeBatch(as({})), 'decodeBatch: rows'],
    ['a batch', () => tokenizer.padRagged(as({})), 'padRagged: ragged'],
    ['no batch', () => tokenizer.padRagged(as(null)), 'padRagged: ragged'],
    ['changes', () => tokenizer.with(as(null)), 'options'],
    ['padding for all calls', () => tokenizer.with({ padding: as(5) }), 'padding'],
    ['no padding for all calls', () => tokenizer.with({ padding: as(null) }), 'padding'],
    ['padding without its id', () => tokenizer.with({ padding: as({ length: 5 }) }), 'padding.id'],
    ['padding up to nothing', () => tokenizer.with({ padding: as({ id: 0, length: '5' }) }), 'padding'],
    ['truncation for all calls', () => tokenizer.with({ truncation: as(5) }), 'truncation'],
    ['truncation to nothing', () => tokenizer.with({ truncation: as({}) }), 'maxLength'],
    ['added tokens', () => tokenizer.with({ addedTokens: as('<s>') }), 'addedTokens'],
    ['an added token', () => tokenizer.with({ addedTokens: as([null]) }), 'addedTokens'],
    ['no components', () => new Tokenizer(as(null)), 'options'],
    ['no model', () => new Tokenizer(as({})), 'model'],
    ['a model that is none', () => new Tokenizer({ model: as('bpe') }), 'model'],
    ['special tokens', () => new Tokenizer({ model, specialTokens: as({}) }), 'specialTokens'],
    ['a special token', () => new Tokenizer({ model, specialTokens: as([5]) }), 'specialTokens'],
    ['padding of a new one', () => new Tokenizer({ model, padding: as(null) }), 'padding'],
    ...(['normalizer', 'preTokenizer', 'postProcessor', 'decoder'] as const).map(
      (part): [string, () => unknown, string] => [
        `a ${part} by name`,
        () => new Tokenizer({ model, [part]: part }),
        part,
      ],
    ),
    ['a pattern of Split', () => new Split(as(null), 'Isolated'), 'pattern'],
    ['options of Split', () => new Split('a', 'Isolated', as(null)), 'Split: options'],
    ['options of Digits', () => new Digits(as(null)), 'Digits: options'],
    ['options of Strip', () => new Strip(as(null)), 'Strip: options'],
    ['options of WordLevel', () => new WordLevel(['a'], as(null)), 'WordLevel: options'],
    [
      'options of RobertaProcessing',
      () => new RobertaProcessing(['a', 0], ['b', 1], as(null)),
      'RobertaProcessing: options',
    ],
    ['merges', () => new Bpe(['a'], as(undefined)), 'Bpe: merges'],
    ['options of Bpe', () => new Bpe(['a'], [], as(null)), 'Bpe: options'],
    ['scores', () => new Unigram(['a'], as(undefined)), 'Unigram: scores'],
    ['options of Unigram', () => new Unigram(['a'], [0], as(null)), 'Unigram: options'],
    ['a regular expression', () => new Regex(as(5)), 'Regex'],
    ['a pattern of Replace', () => new Replace(as(5), ''), 'pattern'],
    ['a pattern of ReplaceDecoder', () => new ReplaceDecoder(as(null), ''), 'pattern'],
    ['tokens', () => new Vocab(as(null)), 'tokens'],
    ['a token', () => new Vocab(['a', as(5)]), 'tokens[1]'],
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
  const { ids } = tokenizer.encode('a');
  it.each<[string, (options: never) => unknown]>([
    ['encode', (options) => tokenizer.encode('a', options)],
    ['encodeIds', (options) => tokenizer.encodeIds('a', options)],
    ['encodeBatch', (options) => tokenizer.encodeBatch(['a'], options)],
    ['encodeRagged', (options) => tokenizer.encodeRagged(['a'], options)],
    ['encodeAll', (options) => tokenizer.encodeAll([], options)],
    ['padRagged', (options) => tokenizer.padRagged(tokenizer.encodeRagged(['a']), options)],
    ['count', (options) => tokenizer.count('a', options)],
    ['truncateText', (options) => tokenizer.truncateText('a', 1, options)],
    ['decode', (options) => tokenizer.decode(ids, options)],
    ['decodeBatch', (options) => tokenizer.decodeBatch([ids], options)],
    ['decodeStream', (options) => tokenizer.decodeStream(options)],
  ])('options of %s', (_, call) => {
    for (const options of [null, 5, 'a', true, []])
      expect(() => call(as(options))).toThrow(expect.objectContaining({ name: 'TokenizerError', where: 'options' }));
  });
  it('of what waits', async () => {
    for (const path of [null, 5, {}])
      await expect(tokenizer.save(as(path))).rejects.toMatchObject({ name: 'TokenizerError', where: 'save: path' });
    for (const name of [null, 5, '', 'a/..', '{}'])
      await expect(Tokenizer.fromPretrained(as(name))).rejects.toMatchObject({
        name: 'TokenizerError',
        where: 'fromPretrained: model',
      });
    await expect(Tokenizer.fromPretrained('a/b', as(null))).rejects.toMatchObject({ where: 'fromPretrained: options' });
    await expect(renderChat(as(null), [])).rejects.toMatchObject({ where: 'renderChat: tokenizer' });
    await expect(renderChat(tokenizer, as('Hi'))).rejects.toMatchObject({ where: 'renderChat: messages' });
    await expect(renderChat(tokenizer, [], as(null))).rejects.toMatchObject({ where: 'renderChat: options' });
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
    ['signal', [5, {}, 'now']],
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
  it('start no thread where the signal has fired already', async () => {
    const modules = vi.spyOn(process, 'getBuiltinModule');
    const signal = AbortSignal.abort();
    const training = Tokenizer.train(texts, { model: 'bpe', vocabSize: 40, threads: 2, signal });
    await expect(training).rejects.toMatchObject({ where: 'train: signal', expected: 'not to be aborted' });
    expect(modules).not.toHaveBeenCalledWith('node:worker_threads');
    modules.mockRestore();
  });
  it('must be there', async () => {
    await expect(Tokenizer.train(texts, as(undefined))).rejects.toMatchObject({ where: 'train: options' });
  });
});
