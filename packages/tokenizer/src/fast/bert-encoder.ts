// BERT without strings in between: one table look-up a character normalises, splits and hashes at once.
import { TokenSink } from '../models/token-sink';
import { WordPiece } from '../models/word-piece';
import { BertNormalizer } from '../normalizers/bert';
import { isStarter } from '../normalizers/unicode-form';
import type { Components } from '../pipeline';
import {
  charClass,
  isChinese,
  isPunctuation,
  isWhitespace,
  LETTER,
  MARK,
  NONSPACING_MARK,
  OTHER,
  PUNCTUATION,
  WHITESPACE,
} from '../text/char-class';
import { longer } from '../text/column';
import { NormalizedString } from '../text/normalized-string';
import { UnitBuffer } from '../text/unit-buffer';
import { textOfUnits } from '../text/units';
import type { FastEncoder } from './fast-encoder';
import { hashUnit, MAX_WORD_LENGTH, WordCache } from './word-cache';

/** What a character is to BERT. */
const PART = 1;
const BREAK = 2;
const ISOLATED = 3;
const DROPPED = 4;
const SEVERAL = 5;
/** Depends on its neighbours. */
const UNSURE = 6;

/** Letters that nothing changes or sets apart: most of those that are met need no closer look. */
function isPlainLetter(codePoint: number, char: string): boolean {
  const flags = charClass(codePoint) & (LETTER | WHITESPACE | PUNCTUATION | OTHER | MARK | NONSPACING_MARK);
  const isLetter = flags === LETTER && codePoint < 0x10000 && !isChinese(codePoint);
  return isLetter && char.toLowerCase() === char && char.normalize('NFD') === char;
}

/** Encodes with BERT's normaliser and pre-tokeniser. */
export class BertEncoder implements FastEncoder {
  readonly cache = new WordCache();
  private readonly kinds = new Uint8Array(0x10000);
  private readonly mapped = new Uint16Array(0x10000);
  /** Normalised texts of characters that become several units, and of those beyond the BMP. */
  private readonly several = new Map<number, string>();
  private readonly astralKinds = new Map<number, number>();
  private readonly buffer = new UnitBuffer();
  private readonly scratch = new TokenSink();
  // The word that is being read: its units, and where each came from. As long as they came one by one from a place on, the
  // place is enough.
  private units = new Uint16Array(256);
  private starts = new Int32Array(256);
  private ends = new Int32Array(256);
  private length = 0;
  private hash = 0;
  private base = 0;
  private isRun = true;

  constructor(
    private readonly model: WordPiece,
    private readonly normalizer: BertNormalizer,
  ) {}

  accepts(): boolean {
    return true;
  }

  encode(text: string, from: number, to: number, sink: TokenSink): boolean {
    return this.encodeUnits(this.buffer.load(text, from, to), from, to, sink);
  }

  encodeUnits(units: Uint16Array, from: number, to: number, sink: TokenSink): boolean {
    const { kinds, mapped } = this;
    this.length = 0;
    this.hash = 0;
    for (let i = from; i < to; i++) {
      const unit = units[i] as number;
      let kind = kinds[unit] as number;
      if (kind === PART) {
        i = this.letters(units, i, to) - 1;
        continue;
      }
      if (kind === 0) {
        if (unit >= 0xd800 && unit < 0xdc00) {
          const codePoint = 0x10000 + ((unit & 0x3ff) << 10) + ((units[i + 1] as number) & 0x3ff);
          if (!this.astral(codePoint, i, sink)) return false;
          i++;
          continue;
        }
        kind = this.learn(unit);
        kinds[unit] = kind;
        i--;
        continue;
      }
      if (kind === BREAK) this.flush(sink);
      else if (kind === ISOLATED) {
        this.flush(sink);
        this.put(mapped[unit] as number, i, i + 1);
        this.flush(sink);
      } else if (kind === SEVERAL) this.putAll(this.several.get(unit) as string, i, i + 1);
      else if (kind === UNSURE) return false;
    }
    this.flush(sink);
    return true;
  }

  /** Appends letters from `from` on, and returns where it stopped. */
  private letters(units: Uint16Array, from: number, to: number): number {
    const { kinds, mapped } = this;
    this.beginAt(from, 1);
    if (!this.isRun) {
      this.put(mapped[units[from] as number] as number, from, from + 1);
      return from + 1;
    }
    let { length, hash } = this;
    let i = from;
    for (; i < to; i++) {
      const unit = units[i] as number;
      if (kinds[unit] !== PART) break;
      const letter = mapped[unit] as number;
      if (length === this.units.length) this.grow();
      this.units[length++] = letter;
      hash = hashUnit(hash, letter);
    }
    this.length = length;
    this.hash = hash;
    return i;
  }

  private put(unit: number, start: number, end: number): void {
    this.beginAt(start, end - start);
    const at = this.length++;
    if (at === this.units.length) this.grow();
    this.units[at] = unit;
    this.starts[at] = start;
    this.ends[at] = end;
    this.hash = hashUnit(this.hash, unit);
  }

  /** Finds out whether the word goes on being a run with what comes from `start`. */
  private beginAt(start: number, width: number): void {
    if (this.length === 0) {
      this.base = start;
      this.isRun = true;
    }
    if (this.isRun && (start !== this.base + this.length || width !== 1)) this.placeAll();
  }

  /** Writes down where the units came from, which came one by one. */
  private placeAll(): void {
    this.isRun = false;
    for (let at = 0; at < this.length; at++) {
      this.starts[at] = this.base + at;
      this.ends[at] = this.base + at + 1;
    }
  }

  private putAll(text: string, start: number, end: number): void {
    for (let u = 0; u < text.length; u++) this.put(text.charCodeAt(u), start, end);
  }

  private grow(): void {
    this.units = longer(this.units);
    this.starts = longer(this.starts);
    this.ends = longer(this.ends);
  }

  /** Ends the word: its tokens go out. */
  private flush(sink: TokenSink): void {
    const { length, hash, cache } = this;
    if (length === 0) return;
    const record = length <= MAX_WORD_LENGTH ? cache.find(this.units, 0, length, hash) : 0;
    const first = sink.length;
    const base = this.isRun ? this.base : 0;
    if (record > 0) cache.copy(record, sink, base);
    else this.miss(hash, sink, base);
    if (sink.ranged && !this.isRun) {
      const { ranges } = sink;
      for (let i = 2 * first; i < 2 * sink.length; i += 2) {
        ranges[i] = this.starts[ranges[i] as number] as number;
        ranges[i + 1] = this.ends[(ranges[i + 1] as number) - 1] as number;
      }
    }
    sink.word++;
    this.length = 0;
    this.hash = 0;
  }

  private miss(hash: number, sink: TokenSink, base: number): void {
    const { scratch } = this;
    const word = textOfUnits(this.units, 0, this.length);
    scratch.clear();
    this.model.tokenize(word, scratch);
    this.cache.add(this.units, 0, this.length, hash, scratch);
    sink.append(scratch, base);
  }

  /** Finds out what a code point is, and notes what it becomes. */
  private learn(codePoint: number): number {
    const char = String.fromCodePoint(codePoint);
    if (isPlainLetter(codePoint, char)) {
      this.mapped[codePoint] = codePoint;
      return PART;
    }
    if (this.normalizer.stripsAccents)
      for (const piece of char.normalize('NFD'))
        if (!isStarter(piece) && (charClass(piece.codePointAt(0) as number) & NONSPACING_MARK) === 0) return UNSURE;
    const normalized = new NormalizedString(char);
    this.normalizer.apply(normalized);
    const text = normalized.text;
    if (text === '') return DROPPED;
    const inner = text.replace(/^ (?=.)|(?<=.) $/gsu, '');
    const points = Array.from(inner, (piece) => piece.codePointAt(0) as number);
    if (points.every(isWhitespace)) return BREAK;
    const single = points.length === 1;
    const isolated = inner !== text || (single && isPunctuation(points[0] as number));
    if (points.some((point) => isWhitespace(point) || (!single && isPunctuation(point)))) return UNSURE;
    if (codePoint < 0x10000 && inner.length === 1) {
      this.mapped[codePoint] = inner.charCodeAt(0);
      return isolated ? ISOLATED : PART;
    }
    this.several.set(codePoint, inner);
    if (!isolated) return SEVERAL;
    return codePoint < 0x10000 ? UNSURE : ISOLATED;
  }

  private astral(codePoint: number, at: number, sink: TokenSink): boolean {
    let kind = this.astralKinds.get(codePoint);
    if (kind === undefined) {
      kind = this.learn(codePoint);
      this.astralKinds.set(codePoint, kind);
    }
    if (kind === UNSURE) return false;
    if (kind === DROPPED) return true;
    if (kind !== SEVERAL) this.flush(sink);
    if (kind === BREAK) return true;
    this.putAll(this.several.get(codePoint) as string, at, at + 2);
    if (kind === ISOLATED) this.flush(sink);
    return true;
  }
}

/** The quick path of WordPiece behind BERT's normaliser and pre-tokeniser. */
export function bertEncoderOf({ model, normalizer }: Components): FastEncoder | undefined {
  return model instanceof WordPiece && normalizer instanceof BertNormalizer
    ? new BertEncoder(model, normalizer)
    : undefined;
}
