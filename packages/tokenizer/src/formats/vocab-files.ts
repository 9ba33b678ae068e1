// The older pairs of files: BERT's `vocab.txt`, and `vocab.json` with `merges.txt` for byte-level BPE.
import { createDecoder } from '../decoders/create';
import { TokenizerError } from '../errors';
import { Fields, type JsonObject, parseJson } from '../json';
import { type AddedTokenInput, addTokens, type TokenizerParts } from '../json-format';
import { Bpe, readMerges } from '../models/bpe';
import type { Model } from '../models/model';
import { Vocab } from '../models/vocab';
import { WordPiece } from '../models/word-piece';
import { createNormalizer } from '../normalizers/create';
import { createPostProcessor } from '../post-processors/create';
import { createPreTokenizer } from '../pre-tokenizers/create';
import { templateJson } from '../trainers/presets';
import type { FolderConfig } from './folder-config';

const special = (content: string): AddedTokenInput => ({
  content,
  special: true,
  singleWord: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
});

interface Recipe {
  readonly normalizer: JsonObject | null;
  readonly preTokenizer: JsonObject;
  readonly postProcessor: JsonObject | null;
  readonly decoder: JsonObject;
  readonly specials: readonly string[];
}

function assemble(model: Model, recipe: Recipe, config: FolderConfig): TokenizerParts {
  const read = <T>(json: JsonObject | null, create: (fields: Fields) => T): T | undefined =>
    json === null ? undefined : create(new Fields(json, '$'));
  const normalizer = read(recipe.normalizer, createNormalizer);
  const known = recipe.specials.filter((token) => model.vocab.idOf(token) !== undefined).map(special);
  return {
    normalizer,
    preTokenizer: read(recipe.preTokenizer, createPreTokenizer),
    model,
    postProcessor: read(recipe.postProcessor, createPostProcessor),
    decoder: read(recipe.decoder, createDecoder),
    added: addTokens([...known, ...config.addedTokens], model, normalizer),
    truncation: undefined,
    padding: undefined,
    roles: config.roles,
    chatTemplate: config.chatTemplate,
  };
}

/** BERT's vocabulary: a token on each line, its number the id. */
export function readVocabTxt(text: string, file: string, config: FolderConfig): TokenizerParts {
  const lines = text.replace(/\r?\n$/, '').split('\n');
  const vocab = new Vocab(lines.map((line) => line.trimEnd()));
  if (vocab.idOf('[UNK]') === undefined)
    throw new TokenizerError({ kind: 'vocabulary', file, where: '[UNK]', expected: 'a line with the unknown token' });
  const model = new WordPiece(vocab, {
    unkToken: '[UNK]',
    continuingSubwordPrefix: '##',
    maxInputCharsPerWord: 100,
  });
  const framed = vocab.idOf('[CLS]') !== undefined && vocab.idOf('[SEP]') !== undefined;
  const recipe: Recipe = {
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.tokenizeChineseChars,
      strip_accents: config.stripAccents ?? null,
      lowercase: config.lowercase ?? true,
    },
    preTokenizer: { type: 'BertPreTokenizer' },
    postProcessor: framed
      ? templateJson(['[CLS]', '$A', '[SEP]'], ['[CLS]', '$A', '[SEP]', '$B:1', '[SEP]:1'], (token) =>
          vocab.idOf(token),
        )
      : null,
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    specials: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
  };
  return assemble(model, recipe, config);
}

/** GPT-2's and RoBERTa's vocabulary and merges. */
export function readVocabMerges(
  vocabJson: string,
  mergesTxt: string,
  file: string,
  config: FolderConfig,
): TokenizerParts {
  const vocab = Vocab.read(new Fields({ vocab: parseJson(vocabJson, file) }, '$', file), 'vocab');
  const merges = mergesTxt.split('\n').filter((line) => line !== '' && !line.startsWith('#version'));
  const table = readMerges(
    vocab,
    merges.map((line) => line.replace(/\r$/, '')),
    {},
  );
  const model = new Bpe(vocab, table);
  const [cls, sep] = [vocab.idOf('<s>'), vocab.idOf('</s>')];
  const isRoberta = cls !== undefined && sep !== undefined;
  const addPrefixSpace = config.addPrefixSpace ?? false;
  const byteLevel = { type: 'ByteLevel', add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true };
  const recipe: Recipe = {
    normalizer: null,
    preTokenizer: byteLevel,
    postProcessor: isRoberta
      ? {
          type: 'RobertaProcessing',
          sep: ['</s>', sep],
          cls: ['<s>', cls],
          trim_offsets: true,
          add_prefix_space: addPrefixSpace,
        }
      : { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
    specials: ['<s>', '<pad>', '</s>', '<unk>', '<mask>', '<|endoftext|>'],
  };
  return assemble(model, recipe, config);
}
