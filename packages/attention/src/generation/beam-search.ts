// Beam search as transformers has it: the best continuations of all beams together, finished ones kept apart.
import { ArgumentError } from '@heddle/tensor';
import type { Decoding } from './decoding';
import { highest, logSoftmax } from './distribution';
import type { Generative, Settings } from './options';
import { Rules } from './rules';

/** Settings of a beam search. */
export interface BeamOptions extends Settings {
  readonly beams: number;
  /** Scores are divided by length to this power: 1 where nothing is said. Above 0 favours long texts. */
  readonly lengthPenalty: number;
  /** True stops as soon as there are enough finished texts; false where no better one is likely; `never` where none can come. */
  readonly earlyStopping: boolean | 'never';
  /** Groups that must differ from each other (Vijayakumar et al. 2018), and how much. */
  readonly groups: number;
  readonly diversityPenalty: number;
  /** What fills the beams of a group that is done. */
  readonly padId: number;
}

/**
 * Settings with nothing left open.
 *
 * @throws {ArgumentError} naming the one that makes no sense in a beam search.
 */
export function beamOptions(
  model: Generative,
  settings: Settings,
  beams: number,
  returnSequences: number,
): BeamOptions {
  const { lengthPenalty = 1, earlyStopping = false, beamGroups: groups = 1, diversityPenalty = 0 } = settings;
  if (beams * 2 > model.vocabSize)
    throw new ArgumentError('generate', 'beams', `at most half of the vocabulary's ${model.vocabSize}`, String(beams));
  if (returnSequences > beams)
    throw new ArgumentError('generate', 'returnSequences', `at most beams = ${beams}`, String(returnSequences));
  if (!Number.isInteger(groups) || groups < 1 || beams % groups !== 0)
    throw new ArgumentError('generate', 'beamGroups', `a divisor of beams = ${beams}`, String(groups));
  if (!Number.isFinite(lengthPenalty))
    throw new ArgumentError('generate', 'lengthPenalty', 'a number', String(lengthPenalty));
  for (const name of ['draft', 'contrastiveAlpha'] as const)
    if (settings[name] !== undefined)
      throw new ArgumentError('generate', name, 'none in a beam search', String(settings[name]));
  if (settings.sampled) throw new ArgumentError('generate', 'beams', '1 where tokens are drawn', String(beams));
  return { ...settings, beams, lengthPenalty, earlyStopping, groups, diversityPenalty, padId: model.padId };
}

/** A finished text. */
export interface Hypothesis {
  readonly tokens: readonly number[];
  /** Sum of log probabilities over length to the power of the penalty. */
  readonly score: number;
  /** Of each generated token, after penalties. */
  readonly logProbs: readonly number[];
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

  add(tokens: readonly number[], sum: number, logProbs: readonly number[], ended: boolean): void {
    // Of a prompt that leaves no room nothing is generated.
    const score = logProbs.length === 0 ? 0 : sum / logProbs.length ** this.penalty;
    if (this.list.length === this.room && score <= this.worst) return;
    this.list.push({ tokens, score, logProbs, ended });
    this.list.sort((a, b) => b.score - a.score);
    this.list.length = Math.min(this.list.length, this.room);
  }

  get worst(): number {
    return this.list[this.list.length - 1].score;
  }

  /** Whether a text that is still being written can't get among these. */
  isDone(best: number, generated: number, limit: number, { earlyStopping, lengthPenalty }: BeamOptions): boolean {
    if (this.list.length < this.room) return false;
    if (earlyStopping === true) return true;
    const length = earlyStopping === 'never' && lengthPenalty > 0 ? limit : generated;
    return this.worst >= best / length ** lengthPenalty;
  }
}

/** A text that is being written, or might be. */
interface Beam {
  /** The row of the decoding that it is, or continues. */
  readonly row: number;
  readonly token: number;
  readonly sum: number;
  readonly logProbs: readonly number[];
  /** See `Rules`. */
  readonly state: number;
}

/** A group of beams of one prompt. */
interface Group {
  readonly finished: Finished;
  beams: readonly Beam[];
  done: boolean;
}

/** The groups of a prompt, and the tokens that may follow it. */
interface Search {
  readonly groups: readonly Group[];
  readonly limit: number;
}

/** Sum of a beam that only fills a place. */
const NOTHING = -1e9;

/**
 * The best `count` texts of each prompt, best first: where fewer can be written, the last of them again, so that texts stand
 * where they are expected. The decoding holds one row a prompt at first, and is disposed of by the caller.
 */
export async function beamSearch(decoding: Decoding, options: BeamOptions, count: number): Promise<Hypothesis[][]> {
  const { beams, groups, signal } = options;
  const rules = new Rules(options, decoding.capacity);
  const width = beams / groups;
  const all: Search[] = decoding.prompted.map((prompted, row) => ({
    limit: rules.limitOf(prompted),
    groups: Array.from({ length: groups }, () => ({
      finished: new Finished(width, options.lengthPenalty),
      // Equal beams at first: only one of them may be continued, or all would stay equal.
      beams: Array.from({ length: width }, (_, i) => ({
        row,
        token: 0,
        sum: i === 0 ? 0 : NOTHING,
        logProbs: [],
        state: rules.start,
      })),
      done: false,
    })),
  }));
  let going: readonly Search[] = all;
  for (let generated = 0; ; generated++) {
    const isOver = (own: Search): boolean => generated === own.limit || own.groups.every(({ done }) => done);
    for (const own of going) if (isOver(own)) for (const group of own.groups) conclude(group, decoding);
    going = going.filter((own) => !isOver(own));
    if (going.length === 0) break;
    const logits = await decoding.next();
    signal?.throwIfAborted();
    for (const own of going) {
      const chosen: number[] = [];
      for (const group of own.groups) {
        if (!group.done) group.beams = advance(group, decoding, logits, generated + 1, chosen, rules, options);
        else group.beams = group.beams.map((beam) => ({ ...beam, token: options.padId }));
        chosen.push(...group.beams.map(({ token }) => token));
      }
    }
    // Rows of prompts that are over leave the decoding here.
    const next = going.flatMap((own) => own.groups.flatMap((group) => group.beams));
    decoding.reorder(next.map(({ row }) => row));
    decoding.append(next.map(({ token }) => token));
    let row = 0;
    for (const group of going.flatMap((own) => own.groups))
      group.beams = group.beams.map((beam) => ({ ...beam, row: row++ }));
  }
  return all.map((own) => {
    const found = own.groups.flatMap(({ finished }) => finished.list).sort((a, b) => b.score - a.score);
    return Array.from({ length: count }, (_, i) => found[Math.min(i, found.length - 1)]);
  });
}

/** One group's next beams; finished texts are put aside. */
function advance(
  group: Group,
  decoding: Decoding,
  logits: readonly Float32Array[],
  generated: number,
  chosen: readonly number[],
  rules: Rules,
  options: BeamOptions,
): readonly Beam[] {
  const width = group.beams.length;
  const limit = rules.limitOf(decoding.prompted[group.beams[0].row]);
  const count = Math.max(2, 1 + options.eosIds.length) * width;
  const candidates: Beam[] = [];
  for (const { row, sum, logProbs, state } of group.beams) {
    let scores = logSoftmax(logits[row]);
    for (const token of chosen) scores[token] -= options.diversityPenalty;
    rules.shape(scores, decoding.rows[row], decoding.prompted[row], state);
    if (options.renormalizeLogits) scores = logSoftmax(scores);
    for (const token of highest(scores, count))
      candidates.push({ row, token, sum: scores[token] + sum, logProbs: [...logProbs, scores[token]], state });
  }
  candidates.sort((a, b) => b.sum - a.sum || a.row - b.row || a.token - b.token);
  const kept = candidates.slice(0, count);
  const next: Beam[] = [];
  for (const [rank, candidate] of kept.entries()) {
    if (next.length === width) break;
    const { row, token, sum, logProbs } = candidate;
    const tokens = [...decoding.rows[row], token];
    const state = rules.advance(candidate.state, token);
    if (!rules.isOver(tokens, decoding.prompted[row], state)) next.push({ ...candidate, state });
    else if (rank < width && sum > NOTHING / 2) group.finished.add(tokens, sum, logProbs, true);
  }
  group.done = next.length === 0 || group.finished.isDone(kept[0].sum, generated, limit, options);
  while (next.length < width) next.push({ ...(next[0] ?? kept[0]), sum: NOTHING });
  return next;
}

/** Beams that never ended count as they stand. */
function conclude({ done, beams, finished }: Group, decoding: Decoding): void {
  if (done) return;
  for (const { row, sum, logProbs } of beams)
    if (sum > NOTHING / 2) finished.add(decoding.rows[row], sum, logProbs, false);
}
