// WordLevel: a word is a token or unknown.
import type { Fields, JsonObject } from '../json';
import { type Model, missingUnknown } from './model';
import type { TokenSink } from './token-sink';
import { Vocab } from './vocab';

/** One token for each word. */
export class WordLevel implements Model {
  readonly deterministic = true;

  constructor(
    readonly vocab: Vocab,
    readonly unkToken: string,
  ) {}

  static read(fields: Fields): WordLevel {
    return new WordLevel(Vocab.read(fields, 'vocab'), fields.string('unk_token', '<unk>'));
  }

  toJSON(): JsonObject {
    return { type: 'WordLevel', vocab: this.vocab.toJSON(), unk_token: this.unkToken };
  }

  tokenize(word: string, out: TokenSink): void {
    const id = this.vocab.idOf(word) ?? this.vocab.idOf(this.unkToken);
    if (id === undefined) throw missingUnknown(this.unkToken);
    out.push(id, 0, word.length);
  }
}
