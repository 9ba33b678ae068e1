// llama2.c's `tokenizer.bin`: the longest token's length, then score, length and bytes of each token.
import { AddedTokens } from '../added-tokens';
import { SentencePieceDecoder } from '../decoders/sentence-piece';
import { TokenizerError } from '../errors';
import { byteLevel } from '../families/lazy';
import { Vocab } from '../models/vocab';
import type { TokenizerParts } from '../tokenizer-parts';
import { decodeOnly, UNKNOWN_SURFACE } from './sentencepiece';
import { SentencePieceNormalizer } from './sentencepiece-normalizer';

const SPECIALS = ['<unk>', '<s>', '</s>'];

/** Builds a tokenizer from the bytes of a `tokenizer.bin`. */
export async function readLlama2c(bytes: Uint8Array, file: string): Promise<TokenizerParts> {
  const { Bpe, mergesByRank, ranksOfScores, UNRANKED } = await byteLevel();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tokens: string[] = [];
  const scores: number[] = [];
  const refuse = (at: number, expected: string): TokenizerError =>
    new TokenizerError({ kind: 'file', file, where: `byte ${at}`, expected });
  if (bytes.length < 4) throw refuse(0, 'the length of the longest token');
  for (let at = 4; at < bytes.length; ) {
    if (at + 8 > bytes.length) throw refuse(at, 'a score and a length');
    const score = view.getFloat32(at, true);
    const length = view.getInt32(at + 4, true);
    at += 8;
    if (length < 0 || at + length > bytes.length) throw refuse(at - 4, 'a length that the file has room for');
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(at, at + length));
    // The exporter writes spaces for SentencePiece's word mark, and lines round the start and end tokens.
    tokens.push(SPECIALS[tokens.length] ?? text.replaceAll(' ', '▁'));
    scores.push(score);
    at += length;
  }
  if (tokens.length < 259) throw refuse(4, 'three special tokens and 256 bytes at least');
  const vocab = new Vocab(tokens);
  const ranks = ranksOfScores(scores);
  ranks.fill(UNRANKED, 0, 259);
  const model = new Bpe(vocab, mergesByRank(vocab, ranks), { unkToken: '<unk>', fuseUnk: true, byteFallback: true });
  return {
    normalizer: await SentencePieceNormalizer.load({
      charsmap: new Uint8Array(0),
      addDummyPrefix: true,
      removeExtraWhitespaces: false,
      escapeWhitespaces: true,
      whitespaceAsSuffix: false,
      userDefined: [],
    }),
    preTokenizer: undefined,
    model,
    postProcessor: undefined,
    decoder: new SentencePieceDecoder({
      addDummyPrefix: true,
      removeExtraWhitespaces: false,
      unkPiece: '<unk>',
      unkSurface: UNKNOWN_SURFACE,
    }),
    added: new AddedTokens(
      SPECIALS.map((content, id) => decodeOnly(id, content, id > 0)),
      (text) => text,
    ),
    truncation: undefined,
    padding: undefined,
    portable: false,
  };
}
