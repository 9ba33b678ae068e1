// Byte-level BPE without strings in between: scan a word, look it up, copy its tokens.
import type { Bpe } from '../models/bpe';
import { TokenSink } from '../models/token-sink';
import type { Normalizer } from '../normalizers/normalizer';
import { UnitBuffer } from '../text/unit-buffer';
import type { FastEncoder } from './fast-encoder';
import type { Scanner } from './scanner';
import { hashUnit, MAX_WORD_LENGTH, WordCache } from './word-cache';

/** Encodes words that a scanner finds. */
export class ByteLevelEncoder implements FastEncoder {
  readonly cache = new WordCache();
  private readonly buffer = new UnitBuffer();
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
    return this.encodeUnits(this.buffer.load(text, from, to), from, to, sink);
  }

  encodeUnits(units: Uint16Array, from: number, to: number, sink: TokenSink): boolean {
    const { cache, scan } = this;
    for (let start = from; start < to; ) {
      const end = scan(units, start, to);
      let hash = 0;
      let record = 0;
      if (end - start <= MAX_WORD_LENGTH) {
        for (let i = start; i < end; i++) hash = hashUnit(hash, units[i] as number);
        record = cache.find(units, start, end, hash);
      }
      if (record > 0) cache.copy(record, sink, start);
      else this.miss(units, start, end, hash, sink);
      sink.word++;
      start = end;
    }
    return true;
  }

  private miss(units: Uint16Array, start: number, end: number, hash: number, sink: TokenSink): void {
    const { scratch } = this;
    scratch.clear();
    this.model.tokenizeUnits(units, start, end, scratch);
    this.cache.add(units, start, end, hash, scratch);
    sink.append(scratch, start);
  }
}
