// What a text may become next, and when it is over: penalties, tokens that may not come or must, what it is held to, what
// ends it. The same for every way of choosing.
import { ArgumentError } from '@heddle/tensor';
import type { Decoding } from './decoding';
import type { Settings } from './options';
import { penalize } from './penalties';

/** The rules of one call. A text's state is a number, so that continuations that are tried out need no copies. */
export class Rules {
  /** State of a text of which nothing is generated. */
  readonly start: number;
  /** Tokens that a text may have, its prompt among them. */
  private readonly capacity: number;

  constructor(
    private readonly settings: Settings,
    /** Tokens that the model can take, the prompt among them. */
    capacity: number,
  ) {
    const { constraint, answers, maxLength = capacity } = settings;
    this.capacity = Math.min(capacity, maxLength);
    this.start = (answers ? constraint?.ownStart : constraint?.start) ?? 0;
  }

  /** Tokens that may be generated behind a prompt of so many. */
  limitOf(prompted: number): number {
    return Math.min(this.settings.maxNewTokens, this.capacity - prompted);
  }

  /** Changes a row of logits, or log probabilities, in place: what may not come becomes −∞. */
  shape(logits: Float32Array, tokens: readonly number[], prompted: number, state: number): void {
    const { noRepeatNgram, constraint, allowed, eosIds, processor } = this.settings;
    const left = this.limitOf(prompted) - (tokens.length - prompted);
    const apply = (settings: Settings): boolean => {
      penalize(logits, tokens, prompted, settings);
      processor?.process(logits, tokens, prompted, left);
      constraint?.restrict(logits, state, left - (processor?.reserved ?? 0), eosIds);
      const forbidding = settings.noRepeatNgram ?? constraint ?? allowed ?? processor;
      return forbidding === null || logits.some((x) => x > Number.NEGATIVE_INFINITY);
    };
    const plain = noRepeatNgram === undefined ? null : logits.slice();
    if (apply(this.settings)) return;
    // Where every token would repeat something, repeating is the lesser evil.
    if (plain !== null) logits.set(plain);
    if (plain === null || !apply({ ...this.settings, noRepeatNgram: undefined }))
      throw new ArgumentError(
        'generate',
        constraint !== null ? 'constraint' : allowed !== undefined ? 'allowed' : (processor?.name ?? 'noRepeatNgram'),
        'tokens of which the other settings leave some',
        'none',
      );
  }

  /** The state behind a token. */
  advance(state: number, token: number): number {
    return this.settings.constraint?.advance(state, token) ?? state;
  }

  /** Whether a text is over: its last token ends it, completes a stop string, or nothing may follow. */
  isOver(tokens: readonly number[], prompted: number, state: number): boolean {
    const { eosIds, stops, constraint } = this.settings;
    if (eosIds.includes(tokens[tokens.length - 1])) return true;
    if (stops?.endsIn(tokens, prompted)) return true;
    return eosIds.length === 0 && constraint !== null && constraint.isComplete(state);
  }
}

/** The rows that have room for a token. Others leave the decoding: no row is read beyond what the model can take. */
export function withRoom(decoding: Decoding, rules: Rules): number[] {
  const rows = [...decoding.rows.keys()].filter((i) => rules.limitOf(decoding.prompted[i]) > 0);
  if (rows.length < decoding.rows.length && rows.length > 0) decoding.reorder(rows);
  return rows;
}
