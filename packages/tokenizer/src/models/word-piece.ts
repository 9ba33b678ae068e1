// WordPiece: the longest token that starts the word, again and again; a word with any unknown part is unknown.
import type { Fields, JsonObject } from '../json';
import { unitsAt } from '../text/char-class';
import { type Model, missingUnknown } from './model';
import type { TokenSink } from './token-sink';
import { HASH_START, hashNext, Vocab, type VocabSource } from './vocab';

/** The options of {@link WordPiece}, BERT's by default. */
export interface WordPieceOptions {
  readonly unkToken?: string;
  readonly continuingSubwordPrefix?: string;
  readonly maxInputCharsPerWord?: number;
}

/**
 * BERT's model.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { BertNormalizer, BertPreTokenizer, WordPiece } from '@heddle/tokenizer/components';
 * const tokenizer = new Tokenizer({
 *   normalizer: new BertNormalizer(),
 *   preTokenizer: new BertPreTokenizer(),
 *   model: new WordPiece(['[UNK]', 'token', '##ize', '##r']),
 * });
 * console.log(tokenizer.encode('Tokenizer').tokens); // ['token', '##ize', '##r']
 * ```
 */
export class WordPiece implements Model {
  readonly deterministic = true;
  readonly vocab: Vocab;
  readonly options: Required<WordPieceOptions>;
  /** How many units were hashed and pieces looked up: what the tests of linearity count. */
  operations = 0;
  private readonly longest: number;
  private readonly prefixHash: number;
  /** Hash of the piece that starts where the search does and ends after each unit. */
  private readonly hashes: Int32Array;

  constructor(source: VocabSource, options: WordPieceOptions = {}) {
    const vocab = Vocab.from(source);
    this.vocab = vocab;
    this.options = { unkToken: '[UNK]', continuingSubwordPrefix: '##', maxInputCharsPerWord: 100, ...options };
    this.longest = vocab.longest;
    let hash = HASH_START;
    for (const unit of this.options.continuingSubwordPrefix) hash = hashNext(hash, unit.charCodeAt(0));
    this.prefixHash = hash;
    this.hashes = new Int32Array(2 * this.options.maxInputCharsPerWord + 1);
  }

  static read(fields: Fields): WordPiece {
    return new WordPiece(Vocab.read(fields, 'vocab'), {
      unkToken: fields.string('unk_token', '[UNK]'),
      continuingSubwordPrefix: fields.string('continuing_subword_prefix', '##'),
      maxInputCharsPerWord: fields.integer('max_input_chars_per_word', 100),
    });
  }

  get unkId(): number | undefined {
    return this.vocab.idOf(this.options.unkToken);
  }

  toJSON(): JsonObject {
    return {
      type: 'WordPiece',
      unk_token: this.options.unkToken,
      continuing_subword_prefix: this.options.continuingSubwordPrefix,
      max_input_chars_per_word: this.options.maxInputCharsPerWord,
      vocab: this.vocab.toJSON(),
    };
  }

  tokenize(word: string, out: TokenSink): void {
    const { vocab, hashes, prefixHash } = this;
    const { maxInputCharsPerWord, continuingSubwordPrefix } = this.options;
    const mark = out.length;
    if (this.isTooLong(word, maxInputCharsPerWord)) {
      this.unknown(word, out, mark);
      return;
    }
    for (let start = 0; start < word.length; ) {
      const prefix = start === 0 ? '' : continuingSubwordPrefix;
      const limit = Math.min(word.length, start + this.longest);
      this.operations += limit - start;
      let hash = start === 0 ? HASH_START : prefixHash;
      for (let i = start; i < limit; i++) {
        hash = hashNext(hash, word.charCodeAt(i));
        hashes[i] = hash;
      }
      let end = limit;
      let id = -1;
      // Ends inside a surrogate pair need no care: no token ends in half a character.
      while (end > start) {
        this.operations++;
        id = vocab.idByHash(hashes[end - 1] as number, prefix, word, start, end);
        if (id >= 0) break;
        end--;
      }
      if (id < 0) {
        this.unknown(word, out, mark);
        return;
      }
      out.push(id, start, end);
      start = end;
    }
  }

  private isTooLong(word: string, limit: number): boolean {
    if (word.length <= limit) return false;
    let count = 0;
    for (let i = 0; i < word.length && count <= limit; i += unitsAt(word, i)) count++;
    return count > limit;
  }

  private unknown(word: string, out: TokenSink, mark: number): void {
    const id = this.unkId;
    if (id === undefined) throw missingUnknown(this.options.unkToken);
    out.length = mark;
    out.push(id, 0, word.length);
  }
}
