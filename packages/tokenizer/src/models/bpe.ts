// Byte-pair encoding: a word starts as characters (or their bytes) and merges pairs in the order that they were learnt.

import type { TokenizerError } from '../errors';
import { ByteLevelEncoder } from '../fast/byte-level-encoder';
import type { FastEncoder } from '../fast/fast-encoder';
import type { Fields, JsonObject } from '../json';
import { checkList, checkObject } from '../options';
import type { Components } from '../pipeline';
import { BYTE_CHARS, BYTE_UNITS } from '../text/byte-alphabet';
import { unitsAt } from '../text/char-class';
import { hashOfUnits, idOfUnits } from './id-of-units';
import { Merger } from './merger';
import { readMerges } from './merges';
import { type Model, missingUnknown } from './model';
import { PairTable, UNRANKED } from './pair-table';
import type { TokenSink } from './token-sink';
import { Vocab, type VocabSource } from './vocab';

/** The options of {@link Bpe}, named as in `tokenizer.json`. */
export interface BpeOptions {
  readonly dropout?: number | undefined;
  readonly unkToken?: string | undefined;
  readonly continuingSubwordPrefix?: string | undefined;
  readonly endOfWordSuffix?: string | undefined;
  readonly fuseUnk?: boolean;
  readonly byteFallback?: boolean;
  readonly ignoreMerges?: boolean;
  /** Draws dropout's numbers in [0, 1). */
  readonly random?: () => number;
}

const encoder = new TextEncoder();
const HEX = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

function utf8Length(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

/**
 * The BPE model.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { Bpe } from '@heddle/tokenizer/components';
 * const tokenizer = new Tokenizer({ model: new Bpe(['a', 'b', 'c', 'ab', 'abc'], ['a b', 'ab c']) });
 * console.log(tokenizer.encode('abcab').tokens); // ['abc', 'ab']
 * ```
 */
export class Bpe implements Model {
  readonly deterministic: boolean;
  readonly merger = new Merger();
  private readonly byteIds: Int32Array | undefined;
  /** Ids of the byte alphabet's characters. */
  private readonly alphabetIds: Int32Array;
  /** The word's bytes in the byte alphabet, where words that are tokens need no merging. */
  private readonly spelling: Uint16Array;
  /** Ids of single units where no prefix or suffix can change them: −1 for none, −2 for not looked up yet. */
  private readonly unitIds = new Int32Array(0x200).fill(-2);

  readonly vocab: Vocab;
  readonly pairs: PairTable;

  /** `merges` in the order that they were learnt: `'a b'` or `['a', 'b']`, or a table of them. */
  constructor(
    source: VocabSource,
    merges: readonly (string | readonly [string, string])[] | PairTable,
    readonly options: BpeOptions = {},
  ) {
    checkObject('Bpe: options', options);
    if (!(merges instanceof PairTable)) checkList('Bpe: merges', merges);
    const vocab = Vocab.from(source);
    this.vocab = vocab;
    this.pairs = merges instanceof PairTable ? merges : readMerges(vocab, merges, options);
    this.deterministic = !options.dropout;
    this.spelling = new Uint16Array(options.ignoreMerges && this.deterministic ? vocab.longest : 0);
    this.alphabetIds = Int32Array.from(BYTE_CHARS, (char) => vocab.idOf(char) ?? -1);
    if (options.byteFallback) this.byteIds = Int32Array.from(HEX, (token) => vocab.idOf(token) ?? -1);
  }

  static read(fields: Fields): Bpe {
    const dropout = fields.raw('dropout');
    if (dropout != null && !(typeof dropout === 'number' && dropout >= 0 && dropout <= 1))
      throw fields.error('dropout', 'a number from 0 to 1', dropout);
    const options: BpeOptions = {
      dropout: typeof dropout === 'number' ? dropout : undefined,
      unkToken: fields.optionalString('unk_token'),
      continuingSubwordPrefix: fields.optionalString('continuing_subword_prefix'),
      endOfWordSuffix: fields.optionalString('end_of_word_suffix'),
      fuseUnk: fields.boolean('fuse_unk', false),
      byteFallback: fields.boolean('byte_fallback', false),
      ignoreMerges: fields.boolean('ignore_merges', false),
    };
    const vocab = Vocab.read(fields, 'vocab');
    const merges = fields.raw('merges');
    if (merges instanceof PairTable) return new Bpe(vocab, merges, options);
    const refuse = (i: number, expected: string, got: unknown): TokenizerError =>
      fields.error(`merges[${i}]`, expected, got);
    return new Bpe(vocab, readMerges(vocab, fields.array('merges'), options, refuse), options);
  }

  toJSON(): JsonObject {
    const { options, vocab } = this;
    return {
      type: 'BPE',
      dropout: options.dropout ?? null,
      unk_token: options.unkToken ?? null,
      continuing_subword_prefix: options.continuingSubwordPrefix ?? null,
      end_of_word_suffix: options.endOfWordSuffix ?? null,
      fuse_unk: options.fuseUnk ?? false,
      byte_fallback: options.byteFallback ?? false,
      ignore_merges: options.ignoreMerges ?? false,
      vocab: vocab.toJSON(),
      merges: this.pairs
        .byRank()
        .map(({ first, second }) => [vocab.tokenOf(first) as string, vocab.tokenOf(second) as string]),
    };
  }

  get unkId(): number | undefined {
    const { unkToken } = this.options;
    return unkToken === undefined ? undefined : this.vocab.idOf(unkToken);
  }

  /** Bytes of words that a scanner finds, where nothing but the merges decides. */
  fastEncoder({ normalizer, preTokenizer }: Components): FastEncoder | undefined {
    const { continuingSubwordPrefix, endOfWordSuffix, unkToken } = this.options;
    const scan = preTokenizer?.spellsBytes === true ? preTokenizer.scan : undefined;
    if (scan === undefined || !this.deterministic || !this.spellsEveryByte) return undefined;
    if (continuingSubwordPrefix || endOfWordSuffix || unkToken !== undefined) return undefined;
    const isTold = normalizer === undefined || normalizer.leaves !== undefined;
    return isTold ? new ByteLevelEncoder(this, scan, normalizer) : undefined;
  }

  tokenize(word: string, out: TokenSink): void {
    if (word.length === 0) return;
    if (this.options.ignoreMerges && this.deterministic) {
      const whole = this.vocab.idOf(word);
      if (whole !== undefined) {
        out.push(whole, 0, word.length);
        return;
      }
    }
    const { merger, options } = this;
    merger.length = 0;
    const regular = this.spell(word);
    merger.merge(this.pairs, options.dropout ?? 0, options.random);
    const { ids, starts, ends, length } = merger;
    if (regular) for (let i = 0; i < length; i++) out.push(ids[i] as number, starts[i] as number, ends[i] as number);
    else this.pushByBytes(word, out);
  }

  /**
   * The same for UTF-16 units [from, to) that are not in the byte alphabet yet: each UTF-8 byte is a symbol. Ranges count
   * from `from` and hold whole characters.
   */
  tokenizeUnits(units: Uint16Array, from: number, to: number, out: TokenSink): void {
    const { merger, options } = this;
    const ranks = this.pairs.inWord;
    merger.length = 0;
    ranks?.clear();
    for (let i = from; i < to; ) {
      let code = units[i] as number;
      let end = i + 1;
      if ((code & 0xfc00) === 0xd800) code = 0x10000 + ((code & 0x3ff) << 10) + ((units[end++] as number) & 0x3ff);
      const start = i - from;
      i = end;
      if (code < 0x80) {
        this.pushByte(code, start, end - from);
        continue;
      }
      const length = utf8Length(code);
      this.pushByte(((0xf00 >> length) & 0xff) | (code >> (6 * length - 6)), start, end - from);
      for (let shift = 6 * length - 12; shift >= 0; shift -= 6)
        this.pushByte(0x80 | ((code >> shift) & 63), start, end - from);
    }
    if (ranks !== undefined) {
      const whole = options.ignoreMerges ? ranks.idOf(0, ranks.length) : UNRANKED;
      if (whole !== UNRANKED) out.push(whole, 0, to - from);
      else ranks.merge(out);
      return;
    }
    const whole = this.spelling.length > 0 ? this.wholeId() : -1;
    if (whole >= 0) {
      out.push(whole, 0, to - from);
      return;
    }
    merger.merge(this.pairs, options.dropout ?? 0, options.random);
    const { ids, starts, ends, length } = merger;
    for (let i = 0; i < length; i++) out.push(ids[i] as number, starts[i] as number, ends[i] as number);
  }

  private pushByte(byte: number, start: number, end: number): void {
    const { merger, spelling } = this;
    const ranks = this.pairs.inWord;
    const id = this.alphabetIds[byte] as number;
    if (ranks !== undefined) {
      ranks.push(BYTE_UNITS[byte] as number, id, start, end);
      return;
    }
    if (merger.length < spelling.length) spelling[merger.length] = BYTE_UNITS[byte] as number;
    merger.push(id, start, end, 1);
  }

  /** The id of the bytes that were pushed as one token, or −1. */
  private wholeId(): number {
    const { spelling } = this;
    const { length } = this.merger;
    if (length > spelling.length) return -1;
    return idOfUnits(this.vocab, spelling, 0, length, hashOfUnits(spelling, 0, length));
  }

  /** True where every byte has a token, which {@link tokenizeUnits} relies on. */
  get spellsEveryByte(): boolean {
    return !this.alphabetIds.includes(-1);
  }

  /** Fills the merger with the word's first symbols. False where their lengths no longer add up to their places. */
  private spell(word: string): boolean {
    const { merger, vocab, byteIds, options } = this;
    const { continuingSubwordPrefix: prefix = '', endOfWordSuffix: suffix = '', fuseUnk, unkToken } = options;
    let regular = true;
    const plain = prefix === '' && suffix === '';
    let unknown: { start: number; end: number; bytes: number } | undefined;
    const flush = (): void => {
      if (unknown === undefined) return;
      merger.push(this.unknownId(), unknown.start, unknown.end, unknown.bytes);
      unknown = undefined;
    };
    for (let start = 0; start < word.length; ) {
      const unit = word.charCodeAt(start);
      if (plain && unit < 0x200) {
        const known = this.unitId(unit);
        if (known >= 0) {
          if (unknown !== undefined) flush();
          merger.push(known, start, start + 1, unit < 0x80 ? 1 : 2);
          start++;
          continue;
        }
      }
      const end = start + unitsAt(word, start);
      let symbol = word.slice(start, end);
      const length = utf8Length(symbol.codePointAt(0) as number);
      if (start > 0) symbol = prefix + symbol;
      if (end === word.length) symbol += suffix;
      const id = vocab.idOf(symbol);
      if (id !== undefined) {
        flush();
        merger.push(id, start, end, length);
      } else if (byteIds !== undefined && this.spellBytes(symbol, byteIds, start, end)) {
        // The reference lets bytes overtake unknown characters that it still holds back.
        if (unknown !== undefined) regular = false;
      } else if (unkToken === undefined) {
        regular = false;
      } else if (unknown !== undefined && fuseUnk) {
        unknown.end = end;
        unknown.bytes += length;
      } else {
        flush();
        unknown = { start, end, bytes: length };
      }
      start = end;
    }
    flush();
    return regular;
  }

  private unitId(unit: number): number {
    let id = this.unitIds[unit] as number;
    if (id === -2) {
      id = this.vocab.idOf(String.fromCharCode(unit)) ?? -1;
      this.unitIds[unit] = id;
    }
    return id;
  }

  private spellBytes(symbol: string, byteIds: Int32Array, start: number, end: number): boolean {
    const bytes = encoder.encode(symbol);
    if (bytes.some((byte) => byteIds[byte] === -1)) return false;
    for (const byte of bytes) this.merger.push(byteIds[byte] as number, start, end, 1);
    return true;
  }

  private unknownId(): number {
    const id = this.unkId;
    if (id === undefined) throw missingUnknown(this.options.unkToken);
    return id;
  }

  /** The reference counts bytes from the word's start, also where characters were dropped: so do we, then. */
  private pushByBytes(word: string, out: TokenSink): void {
    const unitOfByte: number[] = [];
    for (let i = 0; i < word.length; ) {
      const units = unitsAt(word, i);
      for (let b = utf8Length(word.codePointAt(i) as number); b > 0; b--) unitOfByte.push(i);
      i += units;
    }
    const { merger } = this;
    let byte = 0;
    for (let i = 0; i < merger.length; i++) {
      const from = unitOfByte[byte] ?? word.length;
      byte += merger.bytes[i] as number;
      const last = unitOfByte[byte - 1] ?? word.length - 1;
      out.push(merger.ids[i] as number, from, last + unitsAt(word, last));
    }
  }
}
