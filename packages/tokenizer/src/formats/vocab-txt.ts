// BERT's `vocab.txt`: a token on each line, its number the id.
import { TokenizerError } from '../errors';
import { bert } from '../families/lazy';
import { Vocab } from '../models/vocab';
import { TemplateProcessing } from '../post-processors/template';
import type { TokenizerParts } from '../tokenizer-parts';
import { addedOf, type FolderConfig } from './folder-config';

const SPECIALS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/** Reads BERT's vocabulary. */
export async function readVocabTxt(text: string, file: string, config: FolderConfig): Promise<TokenizerParts> {
  const { BertNormalizer, BertPreTokenizer, WordPiece, WordPieceDecoder } = await bert();
  const lines = text.replace(/\r?\n$/, '').split('\n');
  const vocab = new Vocab(lines.map((line) => line.trimEnd()));
  if (vocab.idOf('[UNK]') === undefined)
    throw new TokenizerError({ kind: 'vocabulary', file, where: '[UNK]', expected: 'a line with the unknown token' });
  const idOf = (token: string): number | undefined => vocab.idOf(token);
  const isFramed = idOf('[CLS]') !== undefined && idOf('[SEP]') !== undefined;
  const model = new WordPiece(vocab);
  const normalizer = new BertNormalizer({
    handleChineseChars: config.tokenizeChineseChars,
    stripAccents: config.stripAccents,
    lowercase: config.lowercase ?? true,
  });
  return {
    normalizer,
    preTokenizer: new BertPreTokenizer(),
    model,
    postProcessor: isFramed
      ? TemplateProcessing.of(['[CLS]', '$A', '[SEP]'], ['[CLS]', '$A', '[SEP]', '$B:1', '[SEP]:1'], idOf)
      : undefined,
    decoder: new WordPieceDecoder(),
    added: addedOf(SPECIALS, model, normalizer, config),
    truncation: undefined,
    padding: undefined,
    roles: config.roles,
    chatTemplate: config.chatTemplate,
  };
}
