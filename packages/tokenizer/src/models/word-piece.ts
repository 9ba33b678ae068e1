// WordPiece: the longest token that starts the word, again and again; a word with any unknown part is unknown.
import type { Fields, JsonObject } from '../json';
import { unitsAt } from '../text/char-class';
import { type Model, missingUnknown, Vocab } from './model';
import type { TokenSink } from './token-sink';

/** The options of {@link WordPiece}. */
export interface WordPieceOptions {
  readonly unkToken: string;
  readonly continuingSubwordPrefix: string;
  readonly maxInputCharsPerWord: number;
}

/** BERT's model. */
export class WordPiece implements Model {
  readonly deterministic = true;
  private readonly longest: number;

  constructor(
    readonly vocab: Vocab,
    readonly options: WordPieceOptions,
  ) {
    let longest = 0;
    for (const token of vocab.tokens) if (token !== undefined && token.length > longest) longest = token.length;
    this.longest = longest;
  }

  static read(fields: Fields): WordPiece {
    return new WordPiece(Vocab.read(fields, 'vocab'), {
      unkToken: fields.string('unk_token', '[UNK]'),
      continuingSubwordPrefix: fields.string('continuing_subword_prefix', '##'),
      maxInputCharsPerWord: fields.integer('max_input_chars_per_word', 100),
    });
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
    const { maxInputCharsPerWord, continuingSubwordPrefix } = this.options;
    const mark = out.length;
    if (this.isTooLong(word, maxInputCharsPerWord)) return this.unknown(word, out, mark);
    let start = 0;
    while (start < word.length) {
      const prefix = start === 0 ? '' : continuingSubwordPrefix;
      let end = Math.min(word.length, start + this.longest);
      let id: number | undefined;
      while (end > start) {
        id = this.vocab.idOf(prefix + word.slice(start, end));
        if (id !== undefined) break;
        end -= end - start > 1 && unitsAt(word, end - 2) === 2 ? 2 : 1;
      }
      if (id === undefined) return this.unknown(word, out, mark);
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
    const id = this.vocab.idOf(this.options.unkToken);
    if (id === undefined) throw missingUnknown(this.options.unkToken);
    out.length = mark;
    out.push(id, 0, word.length);
  }
}
