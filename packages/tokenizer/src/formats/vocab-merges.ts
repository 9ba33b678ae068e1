// `vocab.json` with `merges.txt`: GPT-2 and RoBERTa.
import { byteLevel } from '../families/lazy';
import { Fields, parseJson } from '../json';
import { hashOfUnits, idOfUnits } from '../models/id-of-units';
import { PairTable } from '../models/pair-table';
import { HASH_START, hashNext, Vocab } from '../models/vocab';
import { ByteLevelPostProcessor } from '../post-processors/byte-level';
import { RobertaProcessing } from '../post-processors/roberta';
import { JsonCursor, Unusual } from '../reading/json-cursor';
import { scanVocab } from '../reading/scan-sections';
import type { NewToken, TokenizerParts } from '../tokenizer-parts';
import { addedOf, type FolderConfig } from './folder-config';

/** As transformers' classes have them: the mask takes the space before it. */
const SPECIALS: readonly NewToken[] = [
  ...['<s>', '<pad>', '</s>', '<unk>', '<|endoftext|>'].map((content) => ({ content, normalized: true })),
  { content: '<mask>', lstrip: true },
];

const SPACE = 0x20;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;

/** Reads `{ "token": id, … }` into tables; what is unusual is left to who parses it. */
function readVocab(json: string, file: string): Vocab {
  try {
    const cursor = new JsonCursor(json);
    const vocab = scanVocab(cursor);
    if (Number.isNaN(cursor.peek())) return vocab;
  } catch (error) {
    if (!(error instanceof Unusual)) throw error;
  }
  return Vocab.read(new Fields({ vocab: parseJson(json, file) }, '$', file), 'vocab');
}

/** Reads a merge a line, with no string for any token; undefined where a line is none, which others find words for. */
function scanMergeLines(text: string, vocab: Vocab): PairTable | undefined {
  const table = new PairTable(vocab.length);
  const units = new Uint16Array(2 * vocab.longest);
  let rank = 0;
  for (let at = 0; at < text.length; at++) {
    const start = at;
    let first = -1;
    let middle = -1;
    let used = 0;
    let hash = HASH_START;
    for (; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit === LINE_FEED) break;
      if (unit === RETURN && text.charCodeAt(at + 1) === LINE_FEED) continue;
      if (unit === SPACE) {
        if (middle >= 0) break;
        first = idOfUnits(vocab, units, 0, used, hash);
        middle = used;
        hash = HASH_START;
        continue;
      }
      units[used++] = unit;
      hash = hashNext(hash, unit);
    }
    if (at === start) continue;
    if (text.startsWith('#version', start)) {
      at = text.indexOf('\n', start);
      if (at < 0) break;
      continue;
    }
    const second = middle < 0 ? -1 : idOfUnits(vocab, units, middle, used, hash);
    const merged = idOfUnits(vocab, units, 0, used, hashOfUnits(units, 0, used));
    if (first < 0 || second < 0 || merged < 0 || text.charCodeAt(at) === SPACE) return undefined;
    table.set(first, second, rank++, merged);
  }
  table.trim();
  return table;
}

/** Reads a byte-level vocabulary and its merges. */
export async function readVocabMerges(
  vocabJson: string,
  mergesTxt: string,
  file: string,
  config: FolderConfig,
): Promise<TokenizerParts> {
  const { Bpe, ByteLevelDecoder, ByteLevelPreTokenizer, readMerges } = await byteLevel();
  const vocab = readVocab(vocabJson, file);
  const lines = (): string[] => {
    const kept = mergesTxt.split('\n').filter((line) => line !== '' && !line.startsWith('#version'));
    return kept.map((line) => line.replace(/\r$/, ''));
  };
  const model = new Bpe(vocab, scanMergeLines(mergesTxt, vocab) ?? readMerges(vocab, lines(), {}));
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
