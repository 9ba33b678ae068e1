// Training from texts to a whole tokenizer: components by preset, words counted, a model learnt.

import '../core';
import '../formats/load';
import { bert, byteLevel, rare, sentencePiece } from '../families/lazy';
import { Fields, isObject, type JsonObject } from '../json';
import type { Model } from '../models/model';
import { Vocab } from '../models/vocab';
import { checkCount, inputError } from '../options';
import { TemplateProcessing } from '../post-processors/template';
import type { Kind, Kinds } from '../reading/kinds';
import { loadReaders } from '../reading/load-readers';
import { addTokens, type TokenizerParts, toAddedToken } from '../tokenizer-parts';
import { trainBpe } from './bpe-trainer';
import { type ModelKind, type Preset, presetOf } from './presets';
import { checkAbort, drive, type TrainProgress } from './progress';
import { openTexts, type TextSource, untilAborted } from './text-source';
import { trainUnigram } from './unigram-trainer';
import { type CountOptions, countWords } from './word-counts';
import { trainWordLevel } from './word-level-trainer';

/** Options of {@link Tokenizer.train}. Components are given in the layout of `tokenizer.json`; null leaves one out. */
export interface TrainOptions {
  readonly model: ModelKind;
  /** Tokens in all, special ones included. Default 30,000 (unigram 8,000). */
  readonly vocabSize?: number;
  /** How often a pair (bpe, wordpiece) or a word (wordlevel) must occur. Default 0. */
  readonly minFrequency?: number;
  /** The first ids, in this order. Each model has its own by default: BERT's for wordpiece. */
  readonly specialTokens?: readonly string[];
  readonly unkToken?: string;
  /** Default true for wordpiece, false for the others. */
  readonly lowercase?: boolean;
  /** wordpiece: default as `lowercase`. */
  readonly stripAccents?: boolean;
  readonly limitAlphabet?: number;
  readonly initialAlphabet?: readonly string[];
  readonly continuingSubwordPrefix?: string;
  readonly endOfWordSuffix?: string;
  readonly maxTokenLength?: number;
  readonly normalizer?: JsonObject | null;
  readonly preTokenizer?: JsonObject | null;
  readonly postProcessor?: JsonObject | null;
  readonly decoder?: JsonObject | null;
  /** unigram: the part of the pieces that each pruning keeps. Default 0.75. */
  readonly shrinkingFactor?: number;
  /** unigram: EM steps between prunings. Default 2. */
  readonly subIterations?: number;
  /** unigram: most characters in a piece. Default 16. */
  readonly maxPieceLength?: number;
  /** unigram: most pieces to start from. Default 1,000,000. */
  readonly seedSize?: number;
  /** Threads that cut and count words; what is learnt does not depend on their number. Default 1. */
  readonly threads?: number;
  /** Address of the package's `worker.js`, where threads need it named. */
  readonly workerUrl?: string | URL;
  /** Told when the threads that were asked for cannot start, and one does the work. */
  readonly onNote?: (note: string) => void;
  readonly onProgress?: (progress: TrainProgress) => void;
  readonly signal?: AbortSignal;
}

const KINDS: readonly ModelKind[] = ['wordpiece', 'bpe', 'unigram', 'wordlevel'];

function wholeNumber(
  options: TrainOptions,
  name: 'vocabSize' | 'minFrequency' | 'limitAlphabet' | 'maxTokenLength' | 'maxPieceLength' | 'seedSize',
  fallback: number,
  min: number,
): number {
  const value = options[name] ?? fallback;
  if (value !== Number.POSITIVE_INFINITY) checkCount(`train: ${name}`, value, min);
  return value;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isFunction = (value: unknown): boolean => typeof value === 'function';
const isSignal = (value: unknown): boolean => isObject(value) && isFunction(value['addEventListener']);
const areTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

/** Checks what no type checks, before the texts are read. */
function checkOptions(options: TrainOptions): void {
  if (!isObject(options)) throw inputError('train: options', 'an object', options);
  const check = (isRight: (value: unknown) => boolean, expected: string, ...names: (keyof TrainOptions)[]): void => {
    for (const name of names) {
      const value = options[name] ?? undefined;
      if (value !== undefined && !isRight(value)) throw inputError(`train: ${name}`, expected, value);
    }
  };
  if (!KINDS.includes(options.model)) throw inputError('train: model', `one of ${KINDS.join(', ')}`, options.model);
  check(areTexts, 'an array of strings', 'specialTokens', 'initialAlphabet');
  check(isText, 'a string', 'unkToken', 'continuingSubwordPrefix', 'endOfWordSuffix');
  check(isFunction, 'a function', 'onProgress', 'onNote');
  check(isSignal, 'an AbortSignal', 'signal');
  // Nothing would ever be pruned, or learnt before it is.
  check((part) => Number(part) > 0 && Number(part) < 1, 'a number between 0 and 1', 'shrinkingFactor');
  checkCount('train: subIterations', options.subIterations ?? 2, 1);
}

async function trainModel(words: Map<string, number>, options: TrainOptions, preset: Preset): Promise<Model> {
  const specialTokens = options.specialTokens ?? preset.specialTokens;
  const unkToken = options.unkToken ?? preset.unkToken;
  const vocabSize = wholeNumber(options, 'vocabSize', options.model === 'unigram' ? 8000 : 30_000, 1);
  const minFrequency = wholeNumber(options, 'minFrequency', 0, 0);
  const { onProgress, signal } = options;
  if (options.model === 'wordlevel') {
    const { WordLevel } = await rare();
    const tokens = trainWordLevel(words, { vocabSize, minFrequency, specialTokens });
    return new WordLevel(new Vocab(tokens), { unkToken: unkToken ?? '[UNK]' });
  }
  if (options.model === 'unigram') {
    const { tokens, scores, unkId } = await drive(
      trainUnigram(words, {
        vocabSize,
        specialTokens,
        unkToken,
        initialAlphabet: options.initialAlphabet ?? preset.initialAlphabet,
        shrinkingFactor: options.shrinkingFactor ?? 0.75,
        subIterations: options.subIterations ?? 2,
        maxPieceLength: wholeNumber(options, 'maxPieceLength', 16, 1),
        seedSize: wholeNumber(options, 'seedSize', 1_000_000, 0),
      }),
      onProgress,
      signal,
    );
    const { Unigram } = await sentencePiece();
    return new Unigram(new Vocab(tokens), scores, { unkId });
  }
  const continuingSubwordPrefix = options.continuingSubwordPrefix ?? preset.continuingSubwordPrefix;
  const endOfWordSuffix = options.endOfWordSuffix ?? '';
  const { tokens, merges } = await drive(
    trainBpe(words, {
      vocabSize,
      minFrequency,
      specialTokens,
      limitAlphabet: options.limitAlphabet === undefined ? undefined : wholeNumber(options, 'limitAlphabet', 0, 0),
      initialAlphabet: options.initialAlphabet ?? preset.initialAlphabet,
      continuingSubwordPrefix,
      endOfWordSuffix,
      maxTokenLength: wholeNumber(options, 'maxTokenLength', Number.POSITIVE_INFINITY, 1),
    }),
    onProgress,
    signal,
  );
  const vocab = new Vocab(tokens);
  if (options.model === 'wordpiece') {
    const { WordPiece } = await bert();
    return new WordPiece(vocab, { unkToken: unkToken ?? '[UNK]', continuingSubwordPrefix });
  }
  const bpe = {
    unkToken,
    continuingSubwordPrefix: continuingSubwordPrefix === '' ? undefined : continuingSubwordPrefix,
    endOfWordSuffix: endOfWordSuffix === '' ? undefined : endOfWordSuffix,
  };
  const { Bpe, readMerges } = await byteLevel();
  return new Bpe(vocab, readMerges(vocab, merges, bpe), bpe);
}

/** Counts on as many threads as asked for; who asks for one loads nothing of the others. */
async function wordsOf(
  texts: TextSource,
  options: Omit<TrainOptions, 'normalizer' | 'preTokenizer'> & Pick<CountOptions, 'normalizer' | 'preTokenizer'>,
): Promise<Map<string, number>> {
  const { normalizer, preTokenizer, onProgress, onNote, signal, threads = 1, workerUrl } = options;
  checkAbort(signal); // before threads start
  const source = untilAborted(openTexts(texts), signal);
  const counting = { normalizer, preTokenizer, onProgress, signal };
  if (threads === 1) return countWords(source, counting);
  const { countWordsOnThreads } = await import('../threads/parallel-counts');
  return countWordsOnThreads(source, counting, { threads, onNote, ...(workerUrl === undefined ? {} : { workerUrl }) });
}

/** Learns a tokenizer from texts. */
export async function trainTokenizer(texts: TextSource, options: TrainOptions): Promise<TokenizerParts> {
  checkOptions(options);
  const preset = presetOf(options.model, {
    lowercase: options.lowercase ?? options.model === 'wordpiece',
    stripAccents: options.stripAccents,
  });
  const configs = {
    normalizer: options.normalizer === undefined ? preset.normalizer : options.normalizer,
    preTokenizer: options.preTokenizer === undefined ? preset.preTokenizer : options.preTokenizer,
    postProcessor: options.postProcessor ?? null,
    decoder: options.decoder === undefined ? preset.decoder : options.decoder,
  };
  const readers = await loadReaders(configs);
  const read = <K extends Exclude<Kind, 'model'>>(kind: K): Kinds[K] | undefined =>
    configs[kind] === null ? undefined : readers.read(kind, new Fields(configs[kind], `train: ${kind}`));
  const normalizer = read('normalizer');
  const preTokenizer = read('preTokenizer');
  const decoder = read('decoder');
  const given = read('postProcessor');
  const words = await wordsOf(texts, { ...options, normalizer, preTokenizer });
  const model = await trainModel(words, options, preset);
  const specials = options.specialTokens ?? preset.specialTokens;
  const added = addTokens(
    specials.map((content) => toAddedToken(content, true)),
    model,
    normalizer,
  );
  const idOf = (token: string): number | undefined => added.get(token)?.id;
  const postProcessor = options.postProcessor === undefined ? frameOf(preset, idOf) : given;
  return { normalizer, preTokenizer, model, postProcessor, decoder, added, truncation: undefined, padding: undefined };
}

/** A preset's frame needs its own special tokens; without them there is none. */
function frameOf(
  { single, pair }: Preset,
  idOf: (token: string) => number | undefined,
): TemplateProcessing | undefined {
  if (single === null || pair === null) return undefined;
  const names = [...single, ...pair].filter((piece) => !piece.startsWith('$'));
  const isWhole = names.every((name) => idOf(name.replace(/:\d+$/, '')) !== undefined);
  return isWhole ? TemplateProcessing.of(single, pair, idOf) : undefined;
}
