// Learns a unigram language model: seeds, EM, pruning, again until the size fits. As SentencePiece defines it
// (Kudo 2018, https://arxiv.org/abs/1804.10959), step for step as huggingface/tokenizers does it.
import { TokenizerError } from '../errors';
import type { Training } from './progress';
import { UNKNOWN, UnigramLattice } from './unigram-lattice';
import { type Piece, seedPieces } from './unigram-seeds';

/** What unigram training can be told. */
export interface UnigramTrainerOptions {
  readonly vocabSize: number;
  readonly specialTokens: readonly string[];
  readonly unkToken: string | undefined;
  readonly initialAlphabet: readonly string[];
  readonly shrinkingFactor: number;
  readonly subIterations: number;
  readonly maxPieceLength: number;
  readonly seedSize: number;
}

/** Pieces with their log-probabilities; special tokens come first. */
export interface UnigramTraining {
  readonly tokens: string[];
  readonly scores: Float64Array;
  readonly unkId: number | undefined;
}

/** Pieces expected less often than this are dropped. */
const RARE = 0.5;

/** The digamma function, by recurrence and its asymptotic series. */
export function digamma(value: number): number {
  let x = value;
  let result = 0;
  for (; x < 7; x++) result -= 1 / x;
  x -= 0.5;
  const xx = 1 / x;
  const xx2 = xx * xx;
  const xx4 = xx2 * xx2;
  result += Math.log(x) + xx2 / 24 - (7 / 960) * xx4 + (31 / 8064) * xx4 * xx2 - (127 / 30720) * xx4 * xx4;
  return result;
}

/** The M step, with digamma in place of the logarithm: a sparse prior. */
function maximize(pieces: readonly Piece[], expected: Float64Array): Piece[] {
  const kept: Piece[] = [];
  let sum = 0;
  for (const [id, { text }] of pieces.entries()) {
    const count = expected[id] as number;
    if (id === UNKNOWN) kept.push({ text, score: Number.NaN });
    else if (count >= RARE) {
      kept.push({ text, score: count });
      sum += count;
    }
  }
  const logSum = digamma(sum);
  return kept.map(({ text, score }, id) => ({ text, score: id === UNKNOWN ? score : digamma(score) - logSum }));
}

/** Drops the pieces whose loss costs the likelihood least, down to a part of them but not below the size wanted. */
function* prune(
  pieces: readonly Piece[],
  words: ReadonlyMap<string, number>,
  options: UnigramTrainerOptions,
): Training<Piece[]> {
  const lattice = new UnigramLattice(pieces);
  const keeps = new Uint8Array(pieces.length).fill(1);
  const alternatives: (readonly number[])[] = [];
  for (const [id, { text, score }] of pieces.entries()) {
    alternatives.push([]);
    if (id === UNKNOWN) continue;
    // How the piece's text would be cut without it.
    const other = lattice.best(text, id);
    if (other === undefined) continue;
    if (other.score > score) keeps[id] = 0;
    else alternatives[id] = other.ids;
    if (id % 20_000 === 0) yield { stage: 'em', done: id, total: pieces.length };
  }
  const counts = new Float64Array(pieces.length);
  let occurrences = 0;
  let steps = 0;
  for (const [word, count] of words) {
    occurrences += count;
    for (const id of lattice.best(word)?.ids ?? []) counts[id] = (counts[id] as number) + count;
    if (++steps % 10_000 === 0) yield { stage: 'em', done: steps, total: words.size };
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const logTotal = Math.log(total);
  const kept: Piece[] = [pieces[UNKNOWN] as Piece];
  const candidates: { readonly piece: Piece; readonly loss: number }[] = [];
  for (const [id, piece] of pieces.entries()) {
    if (id === UNKNOWN) continue;
    const count = counts[id] as number;
    const others = alternatives[id] as readonly number[];
    if (count === 0 && keeps[id] === 0) continue;
    if (others.length === 0) {
      kept.push(piece);
      continue;
    }
    if (count === 0) continue;
    // Its occurrences would go to the alternatives: the loss is the difference in log-likelihood. SentencePiece takes
    // the number of all pieces here, not of the alternatives; so do its successors, and so do we.
    const logOther = Math.log(total + count * (pieces.length - 1));
    let alternative = 0;
    for (const other of others) alternative += Math.log((counts[other] as number) + count) - logOther;
    candidates.push({ piece, loss: (count / occurrences) * (Math.log(count) - logTotal - alternative) });
  }
  const size = Math.max(wantedSize(options), Math.floor(pieces.length * options.shrinkingFactor));
  candidates.sort((a, b) => b.loss - a.loss);
  for (const { piece } of candidates) {
    if (kept.length >= size) break;
    kept.push(piece);
  }
  return kept;
}

const wantedSize = ({ vocabSize }: UnigramTrainerOptions): number => Math.floor((vocabSize * 11) / 10);

/** Cuts down to the exact size; every character stays. */
function finish(
  pieces: readonly Piece[],
  required: readonly string[],
  options: UnigramTrainerOptions,
): UnigramTraining {
  const { specialTokens, unkToken, vocabSize } = options;
  const scores = new Map(pieces.slice(1).map(({ text, score }) => [text, score]));
  let lowest = Number.POSITIVE_INFINITY;
  for (const score of scores.values()) lowest = Math.min(lowest, score);
  const chosen = new Map<string, number>();
  let penalty = 0;
  for (const char of required) {
    const score = scores.get(char);
    chosen.set(char, score ?? lowest + penalty);
    if (score === undefined) penalty += 0.0001;
  }
  const index = unkToken === undefined ? -1 : specialTokens.indexOf(unkToken);
  const specials = unkToken !== undefined && index < 0 ? [unkToken, ...specialTokens] : [...specialTokens];
  const room = vocabSize - specials.length;
  for (const [text, score] of scores) {
    if (chosen.size >= room) break;
    if (!chosen.has(text)) chosen.set(text, Number.isNaN(score) ? 0 : score);
  }
  const sorted = [...chosen].sort(([, a], [, b]) => b - a);
  return {
    tokens: [...specials, ...sorted.map(([text]) => text)],
    scores: Float64Array.from([...specials.map(() => 0), ...sorted.map(([, score]) => score)]),
    unkId: unkToken === undefined ? undefined : Math.max(0, index),
  };
}

/** Learns pieces and their log-probabilities from word counts. */
export function* trainUnigram(
  words: ReadonlyMap<string, number>,
  options: UnigramTrainerOptions,
): Training<UnigramTraining> {
  const required = [...new Set([...words.keys(), ...options.initialAlphabet].flatMap((word) => [...word]))].sort(
    (a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0),
  );
  if (required.length + options.specialTokens.length > options.vocabSize)
    throw new TokenizerError({
      kind: 'input',
      where: 'train: vocabSize',
      expected: `at least the ${required.length} characters of the texts and the special tokens`,
      got: String(options.vocabSize),
    });
  yield { stage: 'seeds', done: 0, total: words.size };
  let pieces: Piece[] = [
    { text: '<UNK>', score: Number.NaN },
    ...seedPieces(words, options.maxPieceLength, options.seedSize),
  ];
  for (;;) {
    for (let step = 0; step < options.subIterations; step++) {
      const lattice = new UnigramLattice(pieces);
      const expected = new Float64Array(pieces.length);
      let done = 0;
      for (const [word, count] of words) {
        lattice.expect(word, count, expected);
        if (++done % 5000 === 0) yield { stage: 'em', done, total: words.size };
      }
      pieces = maximize(pieces, expected);
    }
    if (pieces.length <= wantedSize(options)) break;
    pieces = yield* prune(pieces, words, options);
  }
  return finish(pieces, required, options);
}
