// One text, or several at once, being written: what was written so far, and the model's view of what comes next. No token
// is chosen here.
import { ArgumentError, breathe, IndexError, keep, noGrad, scope, type Tensor, tensor } from '@heddle/tensor';
import type { KeyValueCache } from '../kv-cache';
import { checkPromptKinds } from './arguments';

/** Milliseconds that tokens may take before others get a turn. */
const BREATH = 8;

/** Rows that grow token by token. */
export interface Decoding {
  /** Tokens of each row so far, without padding. */
  readonly rows: readonly (readonly number[])[];
  /** Tokens that each row began with. */
  readonly prompted: readonly number[];
  /** Tokens that a row may have, its prompt among them. */
  readonly capacity: number;
  /** How many more tokens all rows can take. */
  readonly room: number;
  /** Logits of the next token, a row each. */
  next(): Promise<Float32Array[]>;
  /** Logits after each of the last `count` tokens of each row, the next token's at the end. */
  nextAfter(count: number): Promise<Float32Array[][]>;
  /** Logits of the next token, and the last hidden states of all tokens that hadn't been read before. */
  nextWithStates(): Promise<readonly RowView[]>;
  /** Writes a token to each row. */
  append(tokens: readonly number[]): void;
  /** Takes the last `count` tokens of each row back. */
  retract(count: number): void;
  /** Row i becomes a copy of what row `from[i]` was. The number of rows may change. */
  reorder(from: readonly number[]): void;
  /** Frees the cache. */
  dispose(): void;
}

/** What the model makes of a row. */
export interface RowView {
  readonly logits: Float32Array;
  /** A state a token; those of padding are left out. */
  readonly states: readonly Float32Array[];
}

/** What goes into a model for a step. */
export interface StepInput {
  /** Tokens that the cache doesn't know yet, `[B, T]`. */
  readonly ids: Tensor<'int32'>;
  /** Which of all tokens are real, `[B, S]`: undefined where all are. */
  readonly mask: Tensor<'bool'> | undefined;
  /** Place of each new token in its row, `[B, T]`: undefined where it is its column. */
  readonly positions: Int32Array | undefined;
  readonly cache: KeyValueCache | undefined;
}

/** What a model does for a step, in two halves. */
export interface StepModel {
  /** What stands before the head, `[B, T, dim]`. */
  hidden(input: StepInput): Tensor;
  /** The head: `[B, T, dim]` to `[B, T, vocabSize]`. */
  logits(h: Tensor): Tensor;
  readonly cache: KeyValueCache | undefined;
  /** Columns that stand before padding and tokens of every row: the vectors of prompt tuning. None where nothing is said. */
  readonly lead?: number | undefined;
  /** Follows the rows with what else belongs to them. */
  reorder?(from: Int32Array): void;
  dispose?(): void;
}

/** What a decoding needs to know of its model. */
export interface DecodingModel {
  readonly vocabSize: number;
  readonly maxLength: number;
  readonly padId: number;
  readonly training: boolean;
  train(): unknown;
  eval(): unknown;
}

/** Runs `fn` without dropout and without a graph. */
export function answering<T>(model: DecodingModel, fn: () => T): T {
  // Walking over all modules twice a token would cost a percent of it.
  if (!model.training) return noGrad(() => scope(fn));
  model.eval();
  try {
    return noGrad(() => scope(fn));
  } finally {
    model.train();
  }
}

/**
 * Checks prompts at the door.
 *
 * @throws {ArgumentError} where there is none, or one is empty or too long.
 * @throws {IndexError} where an id is outside the vocabulary.
 */
export function checkPrompts(
  prompts: readonly (readonly number[])[],
  { vocabSize, maxLength }: Pick<DecodingModel, 'vocabSize' | 'maxLength'>,
): void {
  checkPromptKinds(prompts);
  if (prompts.length === 0) throw new ArgumentError('generate', 'prompts', 'at least one prompt', 'none');
  for (const prompt of prompts) {
    if (prompt.length === 0)
      throw new ArgumentError(
        'generate',
        'prompts',
        'prompts of at least one token: begin with the bos id',
        'an empty one',
      );
    if (prompt.length > maxLength)
      throw new ArgumentError('generate', 'prompts', `at most maxLength = ${maxLength} tokens`, String(prompt.length));
    for (const id of prompt)
      if (!Number.isInteger(id) || id < 0 || id >= vocabSize)
        throw new IndexError('generate', 'prompts', `ids in [0, ${vocabSize})`, String(id));
  }
}

/** Rows padded on the left, so that all of them end in the same column. */
export class RowDecoding implements Decoding {
  readonly rows: number[][];
  readonly prompted: number[];
  private padding: number[];

  constructor(
    private readonly model: DecodingModel,
    prompts: readonly (readonly number[])[],
    private readonly step: StepModel,
  ) {
    const longest = Math.max(...prompts.map((prompt) => prompt.length));
    this.rows = prompts.map((prompt) => [...prompt]);
    this.prompted = prompts.map((prompt) => prompt.length);
    this.padding = prompts.map((prompt) => longest - prompt.length);
  }

  // What counts is a row's own length: padding is no part of the text.
  get capacity(): number {
    return this.model.maxLength - this.lead;
  }

  get room(): number {
    return this.capacity - Math.max(...this.rows.map((row) => row.length));
  }

  private get columns(): number {
    return this.lead + this.padding[0] + this.rows[0].length;
  }

  private get lead(): number {
    return this.step.lead ?? 0;
  }

  async next(): Promise<Float32Array[]> {
    return (await this.nextAfter(1)).map(([logits]) => logits);
  }

  async nextAfter(count: number): Promise<Float32Array[][]> {
    const logits = answering(this.model, () => this.step.logits(lastOf(this.step.hidden(this.input(count)), count)));
    const rows = await rowsOf(logits);
    await breathe(BREATH);
    return this.rows.map((_, i) => rows.slice(i * count, (i + 1) * count));
  }

  async nextWithStates(): Promise<readonly RowView[]> {
    const from = this.step.cache?.length ?? 0;
    const [hidden, logits] = answering(this.model, () => {
      const h = this.step.hidden(this.input(1)); // [B, T, dim]
      return [keep(h), keep(this.step.logits(lastOf(h, 1)))] as const;
    });
    const T = hidden.shape[1];
    const [states, last] = await Promise.all([rowsOf(hidden), rowsOf(logits)]);
    await breathe(BREATH);
    return this.rows.map((_, i) => ({
      logits: last[i],
      states: states.slice(i * T, (i + 1) * T).filter((_, column) => this.isReal(i, from + column)),
    }));
  }

  append(tokens: readonly number[]): void {
    tokens.forEach((id, i) => {
      this.rows[i].push(id);
    });
  }

  retract(count: number): void {
    for (const row of this.rows) row.length -= count;
    this.step.cache?.truncate(this.columns);
  }

  reorder(from: readonly number[]): void {
    // Rows that stay where they are cost nothing: most steps of a beam search with one beam ahead, or of a single row.
    if (from.length === this.rows.length && from.every((row, i) => row === i)) return;
    const pick = <T>(list: readonly T[], copy: (item: T) => T): T[] => from.map((i) => copy(list[i]));
    const rows = pick(this.rows, (row) => [...row]);
    this.rows.splice(0, this.rows.length, ...rows);
    this.prompted.splice(0, this.prompted.length, ...pick(this.prompted, (n) => n));
    this.padding = pick(this.padding, (n) => n);
    const places = Int32Array.from(from);
    const { cache } = this.step;
    if (cache !== undefined && cache.length > 0) cache.reorder(places);
    this.step.reorder?.(places);
  }

  dispose(): void {
    this.step.cache?.dispose();
    this.step.dispose?.();
  }

  /** Whether a column of a row is anything but padding. */
  private isReal(row: number, column: number): boolean {
    return column < this.lead || column >= this.lead + this.padding[row];
  }

  /** The columns that the cache doesn't hold, the last `least` at any rate. */
  private input(least: number): StepInput {
    const { rows, padding, columns, lead } = this;
    const { cache } = this.step;
    if (cache !== undefined && columns - cache.length < least) cache.truncate(columns - least);
    const from = cache?.length ?? 0;
    const B = rows.length;
    const T = columns - from;
    const padded = padding.some((n) => n > 0);
    const ids = new Int32Array(B * T);
    const positions = padded ? new Int32Array(B * T) : undefined;
    for (let row = 0, i = 0; row < B; row++) {
      for (let column = from; column < columns; column++, i++) {
        const real = this.isReal(row, column);
        const place = column < lead ? column : column - padding[row];
        ids[i] = real && column >= lead ? rows[row][place - lead] : this.model.padId;
        if (positions !== undefined) positions[i] = real ? place : 0;
      }
    }
    const mask = padded
      ? tensor(
          Uint8Array.from({ length: B * columns }, (_, i) =>
            this.isReal(Math.floor(i / columns), i % columns) ? 1 : 0,
          ),
          { shape: [B, columns] },
        )
      : undefined;
    return { ids: tensor(ids, { shape: [B, T] }), mask, positions, cache };
  }
}

/** The last `count` tokens of `[B, T, dim]`. */
function lastOf(h: Tensor, count: number): Tensor {
  const T = h.shape[1];
  return count === T ? h : h.slice([null, [T - count, T]]);
}

/** The rows of a tensor's last axis, on the host; the tensor is freed. */
async function rowsOf(t: Tensor): Promise<Float32Array[]> {
  const width = t.shape[t.rank - 1];
  try {
    const data = await t.data();
    return Array.from({ length: data.length / width }, (_, i) => data.slice(i * width, (i + 1) * width));
  } finally {
    t.dispose();
  }
}
