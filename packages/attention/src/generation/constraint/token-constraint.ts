// Which tokens may come next, so that the text matches in the end: an automaton over bytes, read through a vocabulary.
import type { TextCodec } from '../../text-codec';
import { type Automaton, DEAD } from './automaton';
import { type Continuations, SortedVocabulary } from './sorted-vocabulary';

/** Continuations that are remembered, over all states. */
const MOST_REMEMBERED = 4_000_000;
/** Bytes that are read at most to find how far each state is from an end. */
const MOST_READ = 300_000_000;

/**
 * A language that generated text is held to. Whatever is generated matches as a whole, also where `maxNewTokens` ends it:
 * tokens behind which no end is within reach aren't allowed. `constrainToPattern` and `constrainToSchema`
 * make constraints, which may be used by any number of calls.
 */
export class TokenConstraint {
  /** State of an empty text that continues another. */
  readonly start = 0;
  /** State of an empty text that stands by itself, whose first word may lose its space. */
  readonly ownStart = OWN_START;
  private readonly vocabulary: SortedVocabulary;
  private readonly remembered = new Map<number, Continuations>();
  private rememberedIds = 0;
  /** Tokens from each state to the nearest end. */
  private readonly distances: Int32Array;

  constructor(
    private readonly automaton: Automaton,
    private readonly codec: TextCodec,
  ) {
    this.vocabulary = SortedVocabulary.of(codec);
    this.distances = distancesOf(automaton, this.vocabulary);
  }

  /** Whether the text may end here. */
  accepts(state: number): boolean {
    return this.automaton.accepts(insideOf(state));
  }

  /** Whether the text may end here and nothing may follow. */
  isComplete(state: number): boolean {
    return this.accepts(state) && this.continuations(state).ids.length === 0;
  }

  /** How many tokens the shortest end takes; infinite where the vocabulary can't write any. */
  distance(state: number): number {
    if (state !== OWN_START)
      return this.distances[state] === UNREACHABLE ? Number.POSITIVE_INFINITY : this.distances[state];
    if (this.accepts(state)) return 0;
    return this.continuations(state).states.reduce(
      (least, next) => Math.min(least, 1 + this.distance(next)),
      Number.POSITIVE_INFINITY,
    );
  }

  /** The state behind a token. */
  advance(state: number, token: number): number {
    let at = insideOf(state);
    for (const byte of this.vocabularyAt(state).bytes[token] ?? []) at = this.automaton.step(at, byte);
    return at;
  }

  /**
   * Makes all tokens impossible that don't lead to an end.
   *
   * @param left tokens that may still be written, this one included
   * @returns whether any token is left
   */
  restrict(logits: Float32Array, state: number, left: number, eosIds: readonly number[]): boolean {
    const { ids, states } = this.continuations(state);
    const kept = new Float32Array(logits.length).fill(Number.NEGATIVE_INFINITY);
    let count = 0;
    for (let i = 0; i < ids.length; i++) {
      if (this.distances[states[i]] >= left) continue;
      kept[ids[i]] = logits[ids[i]];
      count++;
    }
    for (const id of eosIds) kept[id] = this.accepts(state) ? logits[id] : Number.NEGATIVE_INFINITY;
    logits.set(kept);
    return count > 0 || (this.accepts(state) && eosIds.length > 0);
  }

  private vocabularyAt(state: number): SortedVocabulary {
    return state === OWN_START ? SortedVocabulary.firstOf(this.codec) : this.vocabulary;
  }

  private continuations(state: number): Continuations {
    const known = this.remembered.get(state);
    if (known !== undefined) return known;
    const { ids, states } = this.vocabularyAt(state).from(this.automaton, insideOf(state));
    const ending = ids.map((_, i) => i).filter((i) => this.distances[states[i]] !== UNREACHABLE);
    const found = { ids: ending.map((i) => ids[i]), states: ending.map((i) => states[i]) };
    if (this.rememberedIds > MOST_REMEMBERED) {
      this.remembered.clear();
      this.rememberedIds = 0;
    }
    this.remembered.set(state, found);
    this.rememberedIds += found.ids.length;
    return found;
  }
}

/** Beside the automaton's own states. */
const OWN_START = -2;

/** The automaton's state. */
function insideOf(state: number): number {
  return state === OWN_START ? 0 : state;
}

const UNREACHABLE = 2 ** 31 - 1;

/**
 * Tokens to the nearest end. Tokens of one byte tell it where the vocabulary has all that are needed: longer ones only
 * make ways shorter, and a way that there is, is what counts.
 */
function distancesOf(automaton: Automaton, vocabulary: SortedVocabulary): Int32Array {
  const bySingles = breadthFirst(automaton, vocabulary.singles);
  if (!bySingles.includes(UNREACHABLE) || automaton.states * vocabulary.size > MOST_READ) return bySingles;
  return breadthFirst(automaton, vocabulary);
}

function breadthFirst(automaton: Automaton, vocabulary: SortedVocabulary): Int32Array {
  const before: number[][] = Array.from({ length: automaton.states }, () => []);
  for (let state = 0; state < automaton.states; state++)
    for (const to of new Set(vocabulary.from(automaton, state).states)) if (to !== DEAD) before[to].push(state);
  const out = new Int32Array(automaton.states).fill(UNREACHABLE);
  const queue: number[] = [];
  for (let state = 0; state < automaton.states; state++) {
    if (!automaton.accepts(state)) continue;
    out[state] = 0;
    queue.push(state);
  }
  for (const state of queue)
    for (const from of before[state]) {
      if (out[from] !== UNREACHABLE) continue;
      out[from] = out[state] + 1;
      queue.push(from);
    }
  return out;
}
