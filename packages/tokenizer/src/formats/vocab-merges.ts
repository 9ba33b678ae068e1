// `vocab.json` with `merges.txt`: GPT-2 and RoBERTa.
import { byteLevel } from '../families/lazy';
import { Fields, parseJson } from '../json';
import { Vocab } from '../models/vocab';
import { ByteLevelPostProcessor } from '../post-processors/byte-level';
import { RobertaProcessing } from '../post-processors/roberta';
import type { TokenizerParts } from '../tokenizer-parts';
import { addedOf, type FolderConfig } from './folder-config';

const SPECIALS = ['<s>', '<pad>', '</s>', '<unk>', '<mask>', '<|endoftext|>'];

/** Reads a byte-level vocabulary and its merges. */
export async function readVocabMerges(
  vocabJson: string,
  mergesTxt: string,
  file: string,
  config: FolderConfig,
): Promise<TokenizerParts> {
  const { Bpe, ByteLevelDecoder, ByteLevelPreTokenizer, readMerges } = await byteLevel();
  const vocab = Vocab.read(new Fields({ vocab: parseJson(vocabJson, file) }, '$', file), 'vocab');
  const lines = mergesTxt.split('\n').filter((line) => line !== '' && !line.startsWith('#version'));
  const merges = lines.map((line) => line.replace(/\r$/, ''));
  const model = new Bpe(vocab, readMerges(vocab, merges, {}));
  const [cls, sep] = [vocab.idOf('<s>'), vocab.idOf('</s>')];
  const options = { addPrefixSpace: config.addPrefixSpace ?? false };
  return {
    normalizer: undefined,
    preTokenizer: new ByteLevelPreTokenizer(options),
    model,
    postProcessor:
      cls !== undefined && sep !== undefined
        ? new RobertaProcessing(['</s>', sep], ['<s>', cls], options)
        : new ByteLevelPostProcessor({ ...options, trimOffsets: false }),
    decoder: new ByteLevelDecoder(options),
    added: addedOf(SPECIALS, model, undefined, config),
    truncation: undefined,
    padding: undefined,
    roles: config.roles,
    chatTemplate: config.chatTemplate,
  };
}
