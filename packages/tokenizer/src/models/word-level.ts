// WordLevel: a word is a token or unknown.

import type { Fields, JsonObject } from '../json';
import { checkObject } from '../options';
import { type Model, missingUnknown } from './model';
import type { TokenSink } from './token-sink';
import { Vocab, type VocabSource } from './vocab';

/**
 * One token for each word.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Whitespace, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel({ '[UNK]': 0, hello: 1, world: 2 }, { unkToken: '[UNK]' });
 * const tokenizer = new Tokenizer({ preTokenizer: new Whitespace(), model });
 * console.log(tokenizer.encode('hello new world').ids); // [1, 0, 2]
 * ```
 */
export class WordLevel implements Model {
  readonly deterministic = true;

  readonly vocab: Vocab;
  readonly unkToken: string;

  constructor(vocab: VocabSource, options: { readonly unkToken?: string } = {}) {
    checkObject('WordLevel: options', options);
    this.vocab = Vocab.from(vocab);
    this.unkToken = options.unkToken ?? '<unk>';
  }

  get unkId(): number | undefined {
    return this.vocab.idOf(this.unkToken);
  }

  static read(fields: Fields): WordLevel {
    return new WordLevel(Vocab.read(fields, 'vocab'), { unkToken: fields.string('unk_token', '<unk>') });
  }

  toJSON(): JsonObject {
    return { type: 'WordLevel', vocab: this.vocab.toJSON(), unk_token: this.unkToken };
  }

  tokenize(word: string, out: TokenSink): void {
    const id = this.vocab.idOf(word) ?? this.unkId;
    if (id === undefined) throw missingUnknown(this.unkToken);
    out.push(id, 0, word.length);
  }
}
