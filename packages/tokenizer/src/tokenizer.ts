// The public class: components put together, and every way in and out of ids. What it does lives in other files.
import type { AddedToken } from './added-tokens';
import { batchOf, type EncodedBatch, ownPart, padBatch, type RaggedBatch, type RaggedPart, RowWriter } from './batch';
import { DecodeStream } from './decode-stream';
import { Encoding } from './encoding';
import { type FastEncoder, fastEncoderOf } from './fast/fast-encoder';
import type { TokenizerSource } from './files';
import type { HubOptions } from './formats/hub';
import type { LoadOptions } from './formats/load';
import { frameOf } from './frame';
import type { JsonObject } from './json';
import { TokenSink } from './models/token-sink';
import {
  allowedSpecialOf,
  type BatchOptions,
  type CommonOptions,
  checkBatch,
  checkChoice,
  checkCount,
  checkList,
  checkObject,
  checkPadding,
  checkText,
  type DecodeOptions,
  type EncodeOptions,
  inputError,
  type PaddingOptions,
  type TextInput,
  truncationOf,
  wellFormed,
} from './options';
import { encodeInto, type Matchers, toEncoding } from './pipeline';
import { SPECIAL_ROLES, type SpecialIds, specialIds } from './special-ids';
import { positionTable } from './text/offset-units';
import {
  addTokens,
  type CleanUp,
  checkChanges,
  composeParts,
  type NewToken,
  newTokens,
  type Padding,
  type TokenizerOptions,
  type TokenizerParts,
} from './tokenizer-parts';
import type { TextSource } from './trainers/text-source';
import type { TrainOptions } from './trainers/train';
import { keptLengths, type Truncation, truncate } from './truncation';
import { writeTokenizerJson } from './write-json';

/**
 * Text to ids and back, the same ids as Hugging Face's `tokenizers`.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * const texts = ['Hello there', 'Hello you'];
 * const tokenizer = await Tokenizer.train(texts, { model: 'wordpiece', vocabSize: 8_000 });
 * const { ids, offsets } = tokenizer.encode('Hello there');
 * const batch = tokenizer.encodeBatch(texts, { maxLength: 128 });
 * console.log(tokenizer.decode(ids), offsets, batch.shape);
 * await tokenizer.save('my-model'); // my-model/tokenizer.json
 * ```
 */
export class Tokenizer {
  /** @internal */
  readonly parts: TokenizerParts;
  private readonly specials: SpecialIds;
  /** @internal The quick path, if there is one. */
  readonly fast: FastEncoder | undefined;
  private readonly sink = new TokenSink();
  private readonly writer = new RowWriter();

  /**
   * Puts components together; `@heddle/tokenizer/components` has them.
   *
   * @example
   * ```ts
   * import { Tokenizer } from '@heddle/tokenizer';
   * import { Lowercase, Whitespace, WordLevel } from '@heddle/tokenizer/components';
   * const tokenizer = new Tokenizer({
   *   normalizer: new Lowercase(),
   *   preTokenizer: new Whitespace(),
   *   model: new WordLevel(['[PAD]', '[UNK]', 'hello', 'there'], { unkToken: '[UNK]' }),
   *   specialTokens: ['[PAD]', '[UNK]'],
   * });
   * console.log(tokenizer.encode('Hello there').ids); // [2, 3]
   * ```
   */
  constructor(options: TokenizerOptions | TokenizerParts) {
    this.parts = composeParts(options);
    this.fast = fastEncoderOf(this.parts);
    this.specials = specialIds(this.parts);
  }

  /**
   * Reads the content of a `tokenizer.json`, as text or parsed, and fetches the components that it names.
   * `tokenizerFromJSON` of `@heddle/tokenizer/sync` needs no waiting, and holds them all. `file` is the name in errors.
   *
   * @example
   * ```ts
   * import { Tokenizer } from '@heddle/tokenizer';
   * const tokenizer = await Tokenizer.train(['How are you?', 'Fine.'], { model: 'wordpiece', vocabSize: 100 });
   * const copy = await Tokenizer.fromJSON(JSON.stringify(tokenizer));
   * console.log(copy.vocabSize === tokenizer.vocabSize); // true
   * ```
   */
  static async fromJSON(json: string | object, file?: string): Promise<Tokenizer> {
    const { loadTokenizerJson } = await import('./formats/load');
    return new Tokenizer(await loadTokenizerJson(json, file));
  }

  /**
   * Learns a tokenizer from texts.
   *
   * @example
   * ```ts
   * import { Tokenizer } from '@heddle/tokenizer';
   * const texts = ['Hello there', 'Hello you'];
   * const tokenizer = await Tokenizer.train(texts, { model: 'bpe', vocabSize: 8_000 });
   * ```
   */
  static async train(texts: TextSource, options: TrainOptions): Promise<Tokenizer> {
    const { trainTokenizer } = await import('./trainers/train'); // only who trains loads it
    return new Tokenizer(await trainTokenizer(texts, options));
  }

  /**
   * Reads a tokenizer from a file, a folder or files in memory.
   *
   * @example
   * ```ts
   * import { Tokenizer } from '@heddle/tokenizer';
   * const tokenizer = await Tokenizer.train(['How are you?', 'Fine.'], { model: 'wordpiece', vocabSize: 100 });
   * const files = new Map([['tokenizer.json', new TextEncoder().encode(JSON.stringify(tokenizer))]]);
   * const loaded = await Tokenizer.load(files); // or a path in Node
   * console.log(loaded.vocabSize);
   * ```
   */
  static async load(source: TokenizerSource, options: LoadOptions = {}): Promise<Tokenizer> {
    const { loadParts } = await import('./formats/load');
    return new Tokenizer(await loadParts(source, options));
  }

  /**
   * Loads a folder, or a model of Hugging Face's hub by its name, as transformers' AutoTokenizer does: with the tokens,
   * sides and settings of `tokenizer_config.json` and the files beside it.
   *
   * @example
   * ```ts no-run
   * import { Tokenizer } from '@heddle/tokenizer';
   * const tokenizer = await Tokenizer.fromPretrained('google-bert/bert-base-uncased');
   * ```
   */
  static async fromPretrained(model: string, options: HubOptions = {}): Promise<Tokenizer> {
    const { findModel } = await import('./formats/hub');
    return Tokenizer.load(await findModel(model, options));
  }

  /** Writes `tokenizer.json` into a folder, or to a path that ends in `.json`. */
  async save(path: string): Promise<void> {
    const { saveTokenizer } = await import('./save');
    await saveTokenizer(path, this.toJSON());
  }

  /** The content of a `tokenizer.json`. */
  toJSON(): JsonObject {
    return writeTokenizerJson(this.parts, this.addedTokens);
  }

  /** Whether `tokenizer.json` says all of it; SentencePiece's own normaliser has no place there. */
  get isPortable(): boolean {
    return this.parts.portable !== false;
  }

  /** Number of ids: one more than the highest. */
  get vocabSize(): number {
    let size = this.parts.model.vocab.length;
    for (const { id } of this.parts.added.values()) if (id >= size) size = id + 1;
    return size;
  }

  get padId(): number | undefined {
    return this.specials.pad;
  }
  get unkId(): number | undefined {
    return this.specials.unk;
  }
  get clsId(): number | undefined {
    return this.specials.cls;
  }
  get sepId(): number | undefined {
    return this.specials.sep;
  }
  get maskId(): number | undefined {
    return this.specials.mask;
  }
  get bosId(): number | undefined {
    return this.specials.bos;
  }
  get eosId(): number | undefined {
    return this.specials.eos;
  }

  /** The chat template of the tokenizer's folder; `@heddle/tokenizer/chat` renders it. */
  get chatTemplate(): string | undefined {
    return this.parts.chatTemplate;
  }

  /** Most tokens that the model takes, where its folder says so; `truncation: true` cuts to it. */
  get modelMaxLength(): number | undefined {
    return this.parts.modelMaxLength;
  }

  /** Truncation that the file sets. */
  get truncation(): Truncation | undefined {
    return this.parts.truncation;
  }

  /** Padding that the file sets. */
  get padding(): Padding | undefined {
    return this.parts.padding;
  }

  /** The added tokens, in the order of their ids. */
  get addedTokens(): readonly AddedToken[] {
    return [...this.parts.added.values()].sort((a, b) => a.id - b.id);
  }

  /** The id of a token, added ones first. */
  tokenToId(token: string): number | undefined {
    return this.parts.added.get(token)?.id ?? this.parts.model.vocab.idOf(token);
  }

  /** The token of an id. */
  idToToken(id: number): string | undefined {
    return this.parts.added.at(id)?.content ?? this.parts.model.vocab.tokenOf(id);
  }

  /** This tokenizer with other truncation or padding of its own, or more added tokens. */
  with(changes: {
    readonly truncation?: Truncation | undefined;
    readonly padding?: Padding | undefined;
    readonly addedTokens?: readonly NewToken[];
  }): Tokenizer {
    checkChanges(changes);
    const { addedTokens, ...rest } = changes;
    const inputs = newTokens('addedTokens', addedTokens);
    const { model, normalizer, added } = this.parts;
    return new Tokenizer({ ...this.parts, ...rest, added: addTokens(inputs, model, normalizer, added.values()) });
  }

  /** @internal Finds the added tokens that count. */
  matchers(options: CommonOptions): Matchers {
    checkObject('options', options);
    const { added } = this.parts;
    const allowedSpecial = allowedSpecialOf(options, this.parts);
    if (allowedSpecial === 'all') return added;
    if (allowedSpecial !== 'none' && !Array.isArray(allowedSpecial))
      throw inputError('allowedSpecial', 'all, none or an array', allowedSpecial);
    const allowed = new Set(allowedSpecial === 'none' ? [] : allowedSpecial);
    const skip = (token: AddedToken): boolean => token.special && !allowed.has(token.content);
    return { raw: added.raw, normalized: added.normalized, skip };
  }

  /** One sequence without special tokens. */
  private encodeSequence(input: TextInput, typeId: number, matchers: Matchers, options: EncodeOptions): Encoding {
    const where = typeId === 0 ? 'encode: text' : 'encode: pair';
    const one = (text: unknown, wordId?: number): Encoding => {
      const checked = checkText(text, where);
      this.sink.clear();
      encodeInto(checked, this.parts, this.fast, matchers, this.sink);
      const encoding = toEncoding(this.sink, this.parts, typeId, wordId);
      const unit = options.offsets ?? 'utf16';
      if (unit !== 'utf16') {
        const table = positionTable(checked, unit);
        for (let i = 0; i < encoding.length; i++) {
          const [start, end] = encoding.offsets[i] as readonly [number, number];
          encoding.offsets[i] = [table[start] ?? start, table[end] ?? end];
        }
      }
      return encoding;
    };
    if (!Array.isArray(input)) return one(input);
    const joined = Encoding.empty();
    for (const [i, word] of input.entries()) joined.append(one(word, i));
    return joined;
  }

  /**
   * Encodes one text or pair, with everything there is to know about its tokens.
   *
   * @example
   * ```ts
   * import { Tokenizer } from '@heddle/tokenizer';
   * const tokenizer = await Tokenizer.train(['How are you?', 'Fine.'], { model: 'wordpiece', vocabSize: 100 });
   * const { ids, tokens, offsets } = tokenizer.encode('How are you?', { pair: 'Fine.' });
   * console.log(tokens, ids, offsets);
   * ```
   */
  encode(text: TextInput, options: EncodeOptions = {}): Encoding {
    const matchers = this.matchers(options);
    const { addSpecialTokens = true, pair } = options;
    const { postProcessor } = this.parts;
    checkChoice('offsets', options.offsets, ['utf16', 'codePoint', 'byte']);
    let parts = [this.encodeSequence(text, 0, matchers, options)];
    if (pair !== undefined) parts.push(this.encodeSequence(pair, 1, matchers, options));
    const truncation = truncationOf(options, this.parts);
    if (truncation !== undefined)
      parts = truncate(parts, this.room(truncation, parts.length === 2, addSpecialTokens), truncation);
    // Without a post-processor a lone text is left unmarked, as the reference leaves it: its padding counts as part of it.
    for (const [i, part] of parts.entries()) {
      part.setTypeIds(i);
      if (postProcessor === undefined && parts.length === 1) break;
      part.setSequence(i);
      if (postProcessor !== undefined) for (const window of part.overflowing) window.setSequence(i);
    }
    const encoding = Encoding.empty();
    for (const part of postProcessor?.process(parts, addSpecialTokens) ?? parts) encoding.append(part);
    this.padEncoding(encoding, options);
    return encoding;
  }

  /** Tokens that fit beside the special ones. */
  private room(truncation: Truncation, isPair: boolean, addSpecialTokens: boolean): number {
    const added = addSpecialTokens ? (this.parts.postProcessor?.added(isPair) ?? 0) : 0;
    if (truncation.maxLength < added)
      throw inputError('maxLength', `at least the ${added} special tokens`, truncation.maxLength);
    return truncation.maxLength - added;
  }

  private padEncoding(encoding: Encoding, options: EncodeOptions): void {
    const { padding } = options;
    const fromFile = this.parts.padding;
    checkPadding(options);
    if (padding === false || (padding === undefined && fromFile === undefined)) return;
    const base = this.batchPadding(options);
    let length = typeof padding === 'number' ? padding : (fromFile?.length ?? encoding.length);
    const rest = base.multipleOf > 0 ? length % base.multipleOf : 0;
    if (rest > 0) length += base.multipleOf - rest;
    encoding.pad(length, { ...base, token: fromFile?.token ?? this.idToToken(base.id) ?? '' });
  }

  private batchPadding(options: PaddingOptions): Omit<Padding, 'token' | 'length'> {
    const file = this.parts.padding;
    return {
      side: options.paddingSide ?? file?.side ?? this.parts.paddingSide ?? 'right',
      multipleOf: options.padToMultipleOf ?? file?.multipleOf ?? 0,
      id: file?.id ?? this.padId ?? 0,
      typeId: file?.typeId ?? 0,
    };
  }

  /**
   * Encodes rows into padded `Int32Array`s of `[B, T]`: what a model's `call` takes.
   *
   * @example
   * ```ts
   * import { Tokenizer } from '@heddle/tokenizer';
   * const tokenizer = await Tokenizer.train(['How are you?', 'Fine.'], { model: 'wordpiece', vocabSize: 100 });
   * const { ids, mask, lengths, shape } = tokenizer.encodeBatch(['Fine.', 'How are you?'], { maxLength: 256 });
   * console.log(ids, mask, lengths, shape);
   * ```
   */
  encodeBatch(texts: readonly TextInput[], options: BatchOptions = {}): EncodedBatch {
    return this.padRagged(this.encodePart(texts, options), options);
  }

  /** Lays rows out with padding, as `encodeBatch` does. */
  padRagged(ragged: RaggedBatch | RaggedPart, options: BatchOptions = {}): EncodedBatch {
    checkObject('options', options);
    const { padding = this.parts.padding?.length ?? 'longest' } = options;
    checkPadding(options);
    if (!ragged?.rows) throw inputError('padRagged: ragged', 'a ragged batch', ragged);
    const base = this.batchPadding(options);
    if (padding === false) {
      for (let i = 2; i < ragged.rows.length; i++)
        if ((ragged.rows[i] as number) - (ragged.rows[i - 1] as number) !== ragged.rows[1])
          throw inputError('encodeBatch: padding', 'padding, or encodeRagged', false);
    }
    const max = (truncationOf(options, this.parts) ?? this.parts.truncation)?.maxLength ?? this.modelMaxLength;
    if (padding === 'max' && max === undefined)
      throw inputError('encodeBatch: maxLength', "a length for padding: 'max'", max);
    const length = padding === 'max' ? max : typeof padding === 'number' ? padding : undefined;
    return padBatch(ragged, { ...base, length, multipleOf: padding === false ? 0 : base.multipleOf });
  }

  /** Encodes rows one after another without padding. */
  encodeRagged(texts: readonly TextInput[], options: BatchOptions = {}): RaggedBatch {
    return batchOf(ownPart(this.encodePart(texts, options)));
  }

  /** @internal Rows that are good until the next call. */
  encodePart(texts: readonly TextInput[], options: BatchOptions): RaggedPart {
    const matchers = this.matchers(options);
    const inputs = [texts, options.pairs];
    checkBatch(texts, options.pairs);
    return this.encodeRows(
      texts.map(({ length }) => length),
      options,
      (sink, row, sequence) => this.appendTokens(sink, inputs[sequence]?.[row] as TextInput, matchers),
    );
  }

  /** @internal The same for rows, of texts of such lengths, to which `append` adds the tokens of a sequence. */
  encodeRows(
    sizes: readonly number[],
    options: BatchOptions,
    append: (sink: TokenSink, row: number, sequence: number) => void,
  ): RaggedPart {
    const { addSpecialTokens = true } = options;
    const isPair = options.pairs !== undefined;
    const frame = frameOf(this.parts.postProcessor, isPair, addSpecialTokens);
    const truncation = truncationOf(options, this.parts);
    const room = truncation ? this.room(truncation, isPair, addSpecialTokens) : 0;
    const { writer } = this;
    writer.begin(sizes, frame, options.offsets === true);
    const { sink } = writer;
    const lengths = [0, 0];
    for (const [row, size] of sizes.entries()) {
      writer.beginRow(row, size);
      for (const { sequence, id, typeId } of frame) {
        const from = sink.length;
        if (sequence < 0) sink.push(id, 0, 0);
        else {
          append(sink, row, sequence);
          lengths[sequence] = sink.length - from;
        }
        writer.type(from, typeId);
      }
      if (truncation && (lengths[0] as number) + (lengths[1] as number) > room)
        writer.cutRow(row, lengths, keptLengths(lengths, room, truncation), truncation.side);
    }
    return writer.finish();
  }

  /** Appends the tokens of one input, whole or cut into words. */
  private appendTokens(sink: TokenSink, input: TextInput, matchers: Matchers): void {
    const { parts, fast } = this;
    if (typeof input === 'string') encodeInto(wellFormed(input), parts, fast, matchers, sink);
    else for (const word of input) encodeInto(wellFormed(word), parts, fast, matchers, sink);
  }

  /** Encodes rows into one {@link Encoding} each; padding as `encode` has it, to the longest row where the file says so. */
  encodeAll(
    texts: readonly TextInput[],
    options: Omit<EncodeOptions, 'pair'> & { readonly pairs?: readonly TextInput[] } = {},
  ): Encoding[] {
    checkObject('options', options);
    const { pairs, ...rest } = options;
    checkBatch(texts, pairs);
    const encodings = texts.map((text, i) => this.encode(text, { ...rest, pair: pairs?.[i], padding: false }));
    const longest = encodings.reduce((most, { length }) => Math.max(most, length), 0);
    const padding = rest.padding === true ? (this.parts.padding?.length ?? longest) : rest.padding;
    for (const encoding of encodings)
      this.padEncoding(encoding, {
        ...rest,
        padding: padding ?? (this.parts.padding && (this.parts.padding.length ?? longest)) ?? false,
      });
    return encodings;
  }

  /** The ids of a text alone, special tokens not added. Nothing else is built, so it is the fastest. */
  encodeIds(text: string, options: Pick<CommonOptions, 'allowedSpecial'> = {}): Int32Array {
    this.sink.clear(false);
    this.appendTokens(this.sink, checkText(text, 'encodeIds: text'), this.matchers(options));
    return this.sink.ids.slice(0, this.sink.length);
  }

  /** How many tokens a text has, special ones not counted. No token is built. */
  count(text: string, options: Pick<CommonOptions, 'allowedSpecial'> = {}): number {
    this.sink.clear(false);
    this.appendTokens(this.sink, checkText(text, 'count: text'), this.matchers(options));
    return this.sink.length;
  }

  /** The longest beginning of a text that has at most `maxTokens` tokens, cut between characters. */
  truncateText(text: string, maxTokens: number, options: Pick<CommonOptions, 'allowedSpecial'> = {}): string {
    const checked = checkText(text, 'truncateText: text');
    if (maxTokens !== Number.POSITIVE_INFINITY) checkCount('truncateText: maxTokens', maxTokens);
    const { sink } = this;
    sink.clear();
    this.appendTokens(sink, checked, this.matchers(options));
    if (sink.length <= maxTokens) return text;
    // The first token that is left out may share its character with the last that stays.
    const ranges = sink.ranges.slice(0, 2 * maxTokens + 1);
    for (let kept = maxTokens; kept > 0; ) {
      const cut = text.slice(0, ranges[2 * kept]);
      // Where words have an end of their own, one that is cut short may have more tokens than stay of it.
      const excess = this.count(cut, options) - maxTokens;
      if (excess <= 0) return cut;
      kept -= excess;
    }
    return '';
  }

  /**
   * Text of ids. Special tokens are left out unless `skipSpecialTokens` is false.
   *
   * @example
   * ```ts
   * import { Tokenizer } from '@heddle/tokenizer';
   * const tokenizer = await Tokenizer.train(['How are you?', 'Fine.'], { model: 'wordpiece', vocabSize: 100 });
   * console.log(tokenizer.decode(tokenizer.encode('How are you?').ids)); // how are you?
   * ```
   */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    const cleanUp = this.cleanUpOf(options);
    const text = this.textOf(this.tokensOf(ids, options));
    return cleanUp?.clean(text) ?? text;
  }

  private cleanUpOf(options: DecodeOptions): CleanUp | undefined {
    checkObject('options', options);
    return (options.cleanUpTokenizationSpaces ?? true) ? this.parts.cleanUp : undefined;
  }

  /** The tokens that decoding starts from. */
  private tokensOf(ids: ArrayLike<number>, { skipSpecialTokens = true }: DecodeOptions): string[] {
    const { added, model, padding } = this.parts;
    const tokens: string[] = [];
    if (!(ids?.length >= 0) || typeof ids === 'string') throw inputError('decode: ids', 'an array of ids', ids);
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number;
      const token = added.decodingText(id) ?? model.vocab.tokenOf(id);
      // Padding may have an id that is no token's.
      if (token === undefined && id === padding?.id) continue;
      if (token === undefined)
        throw inputError(`decode: ids[${i}]`, `an id of the vocabulary, below ${this.vocabSize}`, id);
      if (!skipSpecialTokens || !added.isSpecial(token)) tokens.push(token);
    }
    return tokens;
  }

  private textOf(tokens: readonly string[]): string {
    const { decoder } = this.parts;
    if (tokens.length === 0) return '';
    return decoder === undefined ? tokens.join(' ') : decoder.decode(tokens).join('');
  }

  /** Text of each row. A padded batch's rows can be given as they are: padding is a special token. */
  decodeBatch(rows: readonly ArrayLike<number>[], options: DecodeOptions = {}): string[] {
    checkList('decodeBatch: rows', rows);
    return rows.map((row) => this.decode(row, options));
  }

  /** A decoder that takes ids as they come and never gives half a character. */
  decodeStream(options: DecodeOptions = {}): DecodeStream {
    return new DecodeStream(
      (ids) => this.tokensOf(ids, options),
      (tokens) => this.textOf(tokens),
      this.cleanUpOf(options)?.stream(),
    );
  }

  /** Names of the special tokens' roles that this tokenizer fills. */
  get specialRoles(): readonly (keyof SpecialIds)[] {
    return SPECIAL_ROLES.filter((role) => this.specials[role] !== undefined);
  }
}
