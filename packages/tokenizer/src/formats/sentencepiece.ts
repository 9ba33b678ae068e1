// SentencePiece's `.model` files, BPE and unigram: read from their protocol buffer, encoded as that library does.
import { type AddedToken, AddedTokens } from '../added-tokens';
import { SentencePieceDecoder } from '../decoders/sentence-piece';
import { TokenizerError } from '../errors';
import { byteLevel, sentencePiece } from '../families/lazy';
import type { Bpe } from '../models/bpe';
import type { Model } from '../models/model';
import type { Unigram } from '../models/unigram';
import { Vocab } from '../models/vocab';
import type { TokenizerParts } from '../tokenizer-parts';
import { readProtobuf } from './protobuf';
import { SentencePieceNormalizer, type SentencePieceNormalizerOptions } from './sentencepiece-normalizer';

const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const UNUSED = 5;
const BYTE = 6;

/** What stands for unknown pieces in texts, where a file says nothing. */
export const UNKNOWN_SURFACE = ' \u2047 ';

/** The fields of a model file that encoding depends on. */
interface SentencePieceModel {
  pieces: { text: string; score: number; type: number }[];
  modelType: number;
  byteFallback: boolean;
  whitespaceAsSuffix: boolean;
  ids: { unk: number; bos: number; eos: number; pad: number };
  unkSurface: string;
  normalizer: NormalizerSpec;
  denormalizer: NormalizerSpec | undefined;
}

/** What the file says of texts that come in, or of those that go out. */
type NormalizerSpec = Omit<SentencePieceNormalizerOptions, 'whitespaceAsSuffix' | 'userDefined'>;

function readNormalizer(bytes: Uint8Array, where: string): NormalizerSpec {
  const spec = {
    charsmap: new Uint8Array(0),
    addDummyPrefix: true,
    removeExtraWhitespaces: true,
    escapeWhitespaces: true,
  };
  for (const { field, number, bytes: value } of readProtobuf(bytes, where)) {
    if (field === 2) spec.charsmap = new Uint8Array(value);
    else if (field === 3) spec.addDummyPrefix = number !== 0;
    else if (field === 4) spec.removeExtraWhitespaces = number !== 0;
    else if (field === 5) spec.escapeWhitespaces = number !== 0;
  }
  return spec;
}

/** Reads a varint as the signed number that an int32 field holds. */
const signed = (value: number): number => (value >= 2 ** 63 ? -1 : value);

function parse(bytes: Uint8Array): SentencePieceModel {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const text = (value: Uint8Array): string => decoder.decode(value);
  const model: SentencePieceModel = {
    pieces: [],
    modelType: 1,
    byteFallback: false,
    whitespaceAsSuffix: false,
    ids: { unk: 0, bos: 1, eos: 2, pad: -1 },
    unkSurface: UNKNOWN_SURFACE,
    normalizer: readNormalizer(new Uint8Array(0), ''),
    denormalizer: undefined,
  };
  for (const part of readProtobuf(bytes, 'ModelProto')) {
    if (part.field === 1) {
      const piece = { text: '', score: 0, type: 1 };
      for (const { field, number, bytes: value } of readProtobuf(part.bytes, `pieces[${model.pieces.length}]`)) {
        if (field === 1) piece.text = text(value);
        else if (field === 2) piece.score = number;
        else if (field === 3) piece.type = number;
      }
      model.pieces.push(piece);
    } else if (part.field === 2)
      for (const { field, number, bytes: value } of readProtobuf(part.bytes, 'trainer_spec')) {
        if (field === 3) model.modelType = number;
        else if (field === 24) model.whitespaceAsSuffix = number !== 0;
        else if (field === 35) model.byteFallback = number !== 0;
        else if (field === 40) model.ids.unk = signed(number);
        else if (field === 41) model.ids.bos = signed(number);
        else if (field === 42) model.ids.eos = signed(number);
        else if (field === 43) model.ids.pad = signed(number);
        else if (field === 44) model.unkSurface = text(value);
      }
    else if (part.field === 3) model.normalizer = readNormalizer(part.bytes, 'normalizer_spec');
    else if (part.field === 5) model.denormalizer = readNormalizer(part.bytes, 'denormalizer_spec');
  }
  return model;
}

async function unigram(vocab: Vocab, model: SentencePieceModel, unkId: number): Promise<Unigram> {
  const { Unigram } = await sentencePiece();
  const scores = Float64Array.from(model.pieces, ({ score }) => score);
  let highest = Number.NEGATIVE_INFINITY;
  let lowest = Number.POSITIVE_INFINITY;
  for (const { score, type } of model.pieces)
    if (type === 1) {
      highest = Math.max(highest, score);
      lowest = Math.min(lowest, score);
    }
  const hidden = new Set<number>();
  for (const [id, { type, text }] of model.pieces.entries()) {
    // A user's own piece always wins over any other way to cut its text.
    if (type === USER_DEFINED) scores[id] = [...text].length * highest - 0.1;
    if (type === UNKNOWN || type === CONTROL || type === BYTE || type === UNUSED) hidden.add(id);
  }
  return new Unigram(vocab, scores, { unkId, byteFallback: model.byteFallback, sentencePiece: { hidden, lowest } });
}

async function bpe(vocab: Vocab, model: SentencePieceModel, unkToken: string): Promise<Bpe> {
  const { Bpe, mergesByRank, ranksOfScores, UNRANKED } = await byteLevel();
  const ranks = ranksOfScores(model.pieces.map(({ score }) => score));
  for (const [id, { type }] of model.pieces.entries()) if (type !== 1 && type !== USER_DEFINED) ranks[id] = UNRANKED;
  return new Bpe(vocab, mergesByRank(vocab, ranks), { unkToken, fuseUnk: true, byteFallback: model.byteFallback });
}

/** Builds a tokenizer from the bytes of a `.model` file. Special pieces written in a text stay text, as there. */
export async function readSentencePiece(bytes: Uint8Array, file: string): Promise<TokenizerParts> {
  const model = parse(bytes);
  const unkId = model.pieces.findIndex(({ type }) => type === UNKNOWN);
  if (model.pieces.length === 0 || unkId < 0)
    throw new TokenizerError({ kind: 'file', file, where: 'pieces', expected: 'pieces, an unknown one among them' });
  if (model.modelType !== 1 && model.modelType !== 2)
    throw new TokenizerError({
      kind: 'unsupported',
      file,
      where: 'trainer_spec.model_type',
      expected: '1 (unigram) or 2 (BPE)',
      got: String(model.modelType),
    });
  const isBpe = model.modelType === 2;
  const unused = model.pieces.findIndex(({ type }) => type === UNUSED);
  if (isBpe && unused >= 0)
    throw new TokenizerError({
      kind: 'unsupported',
      file,
      where: `pieces[${unused}].type`,
      expected: 'no unused pieces in a BPE model: merges lead through them',
      got: String(UNUSED),
    });
  // A control piece of one character must not be found where BPE looks its first symbols up; decoding has it elsewhere.
  const isLetter = (text: string): boolean => [...text].length === 1;
  const vocab = new Vocab(
    model.pieces.map(({ text, type }) => (isBpe && type === CONTROL && isLetter(text) ? undefined : text)),
  );
  const unkPiece = (model.pieces[unkId] as { text: string }).text;
  const core: Model = isBpe ? await bpe(vocab, model, unkPiece) : await unigram(vocab, model, unkId);
  const added: AddedToken[] = model.pieces.flatMap(({ text, type }, id) => {
    if (type === CONTROL || type === UNKNOWN) return [decodeOnly(id, text, type === CONTROL)];
    // No merges lead to a user's own piece; unigram's scores do.
    const isCutOut = isBpe && type === USER_DEFINED && text !== '';
    return isCutOut ? [{ ...decodeOnly(id, text, false), normalized: true, matched: true }] : [];
  });
  const userDefined = model.pieces.flatMap(({ text, type }) => (type === USER_DEFINED ? [text] : []));
  const { whitespaceAsSuffix, unkSurface } = model;
  // Without rules the library does nothing to the texts that go out, whatever else is said there.
  const denormalizer =
    model.denormalizer !== undefined && model.denormalizer.charsmap.length > 0
      ? await SentencePieceNormalizer.load({ ...model.denormalizer, whitespaceAsSuffix: false, userDefined: [] })
      : undefined;
  return {
    normalizer: await SentencePieceNormalizer.load({ ...model.normalizer, whitespaceAsSuffix, userDefined }),
    preTokenizer: undefined,
    model: core,
    postProcessor: undefined,
    decoder: new SentencePieceDecoder({ ...model.normalizer, unkPiece, unkSurface, denormalizer }),
    added: new AddedTokens(added, (text) => text),
    truncation: undefined,
    padding: undefined,
    portable: false,
    roles: rolesOf(model),
  };
}

/** A token that decoding knows but that is never looked for in a text. */
export function decodeOnly(id: number, content: string, special: boolean): AddedToken {
  return { id, content, special, singleWord: false, lstrip: false, rstrip: false, normalized: false, matched: false };
}

function rolesOf({ pieces, ids }: SentencePieceModel): NonNullable<TokenizerParts['roles']> {
  const name = (id: number): string | undefined => (id >= 0 ? pieces[id]?.text : undefined);
  return { unk: name(ids.unk), bos: name(ids.bos), eos: name(ids.eos), pad: name(ids.pad) };
}
