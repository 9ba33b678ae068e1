// Which tokens may come next, so that the text matches in the end: an automaton over bytes, read through a vocabulary.
import type { TextCodec } from '../../text-codec';
import { type Automaton, compile, DEAD } from './automaton';
import type { Pattern } from './pattern';
import { type Continuations, SortedVocabulary } from './sorted-vocabulary';

/** Continuations that are remembered, over all states. */
const MOST_REMEMBERED = 4_000_000;
/** States, and bytes read from them, of which it is found out how far each is from an end by tokens of several bytes. */
const MOST_STATES = 20_000;
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
  private readonly automaton: Automaton;
  /** Tokens from each state to the nearest end, where tokens of one byte don't tell. */
  private readonly distances: Float64Array | null;

  constructor(
    pattern: Pattern,
    argument: 'pattern' | 'schema',
    private readonly codec: TextCodec,
  ) {
    this.vocabulary = SortedVocabulary.of(codec);
    this.automaton = compile(pattern, argument, this.vocabulary.singleBytes);
    this.distances = distancesOf(this.automaton, this.vocabulary);
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
    if (state !== OWN_START) return this.distances?.[state] ?? this.automaton.distance(state);
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
      if (this.distance(states[i]) >= left) continue;
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
    const ending = ids.map((_, i) => i).filter((i) => this.distance(states[i]) < Number.POSITIVE_INFINITY);
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

/**
 * Tokens to the nearest end, where the vocabulary lacks tokens of one byte that are needed. Where it has all, those tell it:
 * longer ones only make ways shorter, and a way that there is, is what counts. So it is where all states are too many.
 */
function distancesOf(automaton: Automaton, vocabulary: SortedVocabulary): Float64Array | null {
  if (automaton.writable || !automaton.explore(MOST_STATES)) return null;
  if (automaton.states * vocabulary.size > MOST_READ) return null;
  const before: number[][] = Array.from({ length: automaton.states }, () => []);
  for (let state = 0; state < automaton.states; state++)
    for (const to of new Set(vocabulary.from(automaton, state).states)) if (to !== DEAD) before[to].push(state);
  const out = new Float64Array(automaton.states).fill(Number.POSITIVE_INFINITY);
  const queue: number[] = [];
  for (let state = 0; state < automaton.states; state++) {
    if (!automaton.accepts(state)) continue;
    out[state] = 0;
    queue.push(state);
  }
  for (const state of queue)
    for (const from of before[state]) {
      if (out[from] < Number.POSITIVE_INFINITY) continue;
      out[from] = out[state] + 1;
      queue.push(from);
    }
  return out;
}
