// Beam search as transformers has it: the best continuations of all beams together, finished ones kept apart.
import type { Decoding } from './decoding';
import { type ChoiceOptions, logSoftmax, penalize } from './logits';

/** Settings of a beam search. */
export interface BeamOptions extends ChoiceOptions {
  readonly beams: number;
  readonly maxNewTokens: number;
  readonly eosIds: readonly number[];
  /** Scores are divided by length to this power: 1 where nothing is said. Above 0 favours long texts. */
  readonly lengthPenalty: number;
  /** True stops as soon as there are enough finished texts; false where no better one is likely; `never` where none can come. */
  readonly earlyStopping: boolean | 'never';
  /** Groups that must differ from each other (Vijayakumar et al. 2018), and how much. */
  readonly groups: number;
  readonly diversityPenalty: number;
  readonly signal?: AbortSignal | undefined;
}

/** A finished text. */
export interface Hypothesis {
  readonly tokens: readonly number[];
  /** Sum of log probabilities over length to the power of the penalty. */
  readonly score: number;
  /** Whether it ended by itself. */
  readonly ended: boolean;
}

/** The best finished texts of one prompt. */
class Finished {
  readonly list: Hypothesis[] = [];

  constructor(
    private readonly room: number,
    private readonly penalty: number,
  ) {}

  add(tokens: readonly number[], sum: number, generated: number, ended: boolean): void {
    const score = sum / generated ** this.penalty;
    if (this.list.length === this.room && score <= this.worst) return;
    this.list.push({ tokens, score, ended });
    this.list.sort((a, b) => b.score - a.score);
    this.list.length = Math.min(this.list.length, this.room);
  }

  get worst(): number {
    return this.list[this.list.length - 1].score;
  }

  /** Whether a text that is still being written can't get among these. */
  isDone(best: number, generated: number, { earlyStopping, lengthPenalty, maxNewTokens }: BeamOptions): boolean {
    if (this.list.length < this.room) return false;
    if (earlyStopping === true) return true;
    const length = earlyStopping === 'never' && lengthPenalty > 0 ? maxNewTokens : generated;
    return this.worst >= best / length ** lengthPenalty;
  }
}

/** A continuation that might become a beam. */
interface Candidate {
  readonly beam: number;
  readonly token: number;
  readonly sum: number;
}

/** A group of beams of one prompt. */
interface Group {
  readonly finished: Finished;
  sums: number[];
  done: boolean;
}

/**
 * The best texts of each prompt, best first. The decoding holds one row a prompt at first, and is disposed of by the
 * caller.
 */
export async function beamSearch(decoding: Decoding, options: BeamOptions): Promise<Hypothesis[][]> {
  const { beams, groups, maxNewTokens, eosIds } = options;
  const prompts = decoding.rows.length;
  const width = beams / groups;
  const all: Group[][] = Array.from({ length: prompts }, () =>
    Array.from({ length: groups }, () => ({
      finished: new Finished(width, options.lengthPenalty),
      // Equal beams at first: only one of them may be continued, or all would stay equal.
      sums: Array.from({ length: width }, (_, i) => (i === 0 ? 0 : -1e9)),
      done: false,
    })),
  );
  let logits = await decoding.next();
  const spread = Array.from({ length: prompts * beams }, (_, i) => Math.floor(i / beams));
  decoding.reorder(spread);
  logits = spread.map((from) => logits[from].slice());
  for (let generated = 1; ; generated++) {
    options.signal?.throwIfAborted();
    const from: number[] = [];
    const tokens: number[] = [];
    all.forEach((own, prompt) => {
      const chosen: number[] = [];
      own.forEach((group, g) => {
        const first = prompt * beams + g * width;
        const next = group.done
          ? Array.from({ length: width }, (_, i) => ({ beam: first + i, token: eosIds[0] ?? 0, sum: 0 }))
          : advance(group, decoding, logits, first, width, generated, chosen, options);
        for (const { beam, token } of next) {
          from.push(beam);
          tokens.push(token);
          chosen.push(token);
        }
        group.sums = next.map(({ sum }) => sum);
      });
    });
    decoding.reorder(from);
    decoding.append(tokens);
    if (generated === maxNewTokens || !decoding.hasRoom || all.flat().every(({ done }) => done)) break;
    logits = await decoding.next();
  }
  return all.map((own, prompt) => own.flatMap((group, g) => conclude(group, decoding, prompt * beams + g * width)));
}

/** One group's next beams; finished texts are put aside. */
function advance(
  group: Group,
  decoding: Decoding,
  logits: readonly Float32Array[],
  first: number,
  width: number,
  generated: number,
  chosen: readonly number[],
  options: BeamOptions,
): Candidate[] {
  const { eosIds, diversityPenalty } = options;
  const candidates: Candidate[] = [];
  for (let i = 0; i < width; i++) {
    const scores = Float32Array.from(logSoftmax(logits[first + i]));
    penalize(scores, decoding.rows[first + i], decoding.prompted[first + i], options);
    for (const token of chosen) scores[token] -= diversityPenalty;
    for (const [token, score] of best(scores, Math.max(2, 1 + eosIds.length) * width))
      candidates.push({ beam: first + i, token, sum: score + group.sums[i] });
  }
  candidates.sort((a, b) => b.sum - a.sum || a.beam - b.beam || a.token - b.token);
  const kept = candidates.slice(0, Math.max(2, 1 + eosIds.length) * width);
  const next: Candidate[] = [];
  kept.forEach((candidate, rank) => {
    if (next.length === width) return;
    if (!eosIds.includes(candidate.token)) next.push(candidate);
    else if (rank < width) {
      const tokens = [...decoding.rows[candidate.beam], candidate.token];
      group.finished.add(tokens, candidate.sum, generated, true);
    }
  });
  group.done ||= group.finished.isDone(kept[0].sum, generated, options);
  while (next.length < width) next.push({ ...kept[kept.length - 1], sum: -1e9 });
  return next;
}

/** The `count` highest scores with their tokens, highest first. */
function best(scores: Float32Array, count: number): (readonly [token: number, score: number])[] {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
  return order.slice(0, count).map((token) => [token, scores[token]] as const);
}

/** Beams that never ended count as they stand. */
function conclude(group: Group, decoding: Decoding, first: number): readonly Hypothesis[] {
  if (!group.done) {
    group.sums.forEach((sum, i) => {
      const tokens = decoding.rows[first + i];
      group.finished.add(tokens, sum, tokens.length - decoding.prompted[first + i], false);
    });
  }
  return group.finished.list;
}
