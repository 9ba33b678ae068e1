// Byte-level BPE without strings in between: scan a word, look it up, copy its tokens.
import type { Bpe } from '../models/bpe';
import { TokenSink } from '../models/token-sink';
import type { Normalizer } from '../normalizers/normalizer';
import type { FastEncoder } from './fast-encoder';
import type { Scanner } from './scanner';
import { hashUnit, MAX_WORD_LENGTH, WordCache } from './word-cache';

/** Encodes words that a scanner finds. */
export class ByteLevelEncoder implements FastEncoder {
  readonly cache = new WordCache();
  private readonly scratch = new TokenSink();

  constructor(
    private readonly model: Bpe,
    private readonly scan: Scanner,
    private readonly normalizer: Normalizer | undefined,
  ) {}

  accepts(text: string): boolean {
    return this.normalizer?.leaves?.(text) ?? true;
  }

  encode(text: string, from: number, to: number, sink: TokenSink): boolean {
    const { cache, scan } = this;
    for (let start = from; start < to; ) {
      const end = scan(text, start, to);
      if (end - start <= MAX_WORD_LENGTH) {
        let hash = 0;
        for (let i = start; i < end; i++) hash = hashUnit(hash, text.charCodeAt(i));
        const row = cache.find(text, start, end, hash);
        if (row >= 0) cache.copy(row, sink, start);
        else this.miss(text.slice(start, end), start, hash, sink);
      } else this.miss(text.slice(start, end), start, 0, sink);
      sink.word++;
      start = end;
    }
    return true;
  }

  private miss(word: string, at: number, hash: number, sink: TokenSink): void {
    const { scratch } = this;
    scratch.clear();
    this.model.tokenizeBytes(word, scratch);
    this.cache.add(word, hash, scratch, 0);
    for (let i = 0; i < scratch.length; i++)
      sink.push(scratch.ids[i] as number, at + (scratch.starts[i] as number), at + (scratch.ends[i] as number));
  }
}
