// Byte-level BPE without strings in between: scan a word, look it up, copy its tokens.
import type { Bpe } from '../models/bpe';
import { TokenSink } from '../models/token-sink';
import { BYTE_CHARS } from '../text/byte-alphabet';
import { unitsAt } from '../text/char-class';
import type { FastEncoder } from './fast-encoder';
import type { Scanner } from './scanners';
import { hashUnit, MAX_WORD_LENGTH, WordCache } from './word-cache';

const encoder = new TextEncoder();

/** Encodes words that a scanner finds. */
export class ByteLevelEncoder implements FastEncoder {
  readonly cache = new WordCache();
  private readonly scratch = new TokenSink();

  constructor(
    private readonly model: Bpe,
    private readonly scan: Scanner,
    private readonly needsNfc: boolean,
  ) {}

  accepts(text: string): boolean {
    return !this.needsNfc || text.normalize('NFC') === text;
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
    tokenizeBytes(this.model, word, scratch);
    this.cache.add(word, hash, scratch, 0);
    for (let i = 0; i < scratch.length; i++)
      sink.push(scratch.ids[i] as number, at + (scratch.starts[i] as number), at + (scratch.ends[i] as number));
  }
}

/** Tokenizes a word's bytes; ranges are in the word's UTF-16 units, whole characters. */
function tokenizeBytes(model: Bpe, word: string, sink: TokenSink): void {
  let spelt = '';
  let ascii = true;
  for (let i = 0; i < word.length; i++) {
    const unit = word.charCodeAt(i);
    if (unit > 0x7f) {
      ascii = false;
      break;
    }
    spelt += BYTE_CHARS[unit];
  }
  if (ascii) {
    model.tokenize(spelt, sink);
    return;
  }
  // Where the character of each byte starts and ends.
  const starts: number[] = [];
  const ends: number[] = [];
  spelt = '';
  for (let i = 0; i < word.length; ) {
    const units = unitsAt(word, i);
    for (const byte of encoder.encode(word.slice(i, i + units))) {
      spelt += BYTE_CHARS[byte];
      starts.push(i);
      ends.push(i + units);
    }
    i += units;
  }
  const first = sink.length;
  model.tokenize(spelt, sink);
  for (let i = first; i < sink.length; i++) {
    sink.starts[i] = starts[sink.starts[i] as number] as number;
    sink.ends[i] = ends[(sink.ends[i] as number) - 1] as number;
  }
}
