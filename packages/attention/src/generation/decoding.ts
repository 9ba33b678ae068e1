// One text, or several at once, being written: what was written so far, and the model's view of what comes next. No token
// is chosen here.
import { ArgumentError, IndexError, noGrad, scope, type Tensor, tensor } from '@heddle/tensor';
import type { KeyValueCache } from '../kv-cache';

/** Rows that grow token by token. */
export interface Decoding {
  /** Tokens of each row so far, without padding. */
  readonly rows: readonly (readonly number[])[];
  /** Tokens that each row began with. */
  readonly prompted: readonly number[];
  /** Whether the model can take another token. */
  readonly hasRoom: boolean;
  /** Logits of the next token, a row each. */
  next(): Promise<Float32Array[]>;
  /** Writes a token to each row. */
  append(tokens: readonly number[]): void;
  /** Row i becomes a copy of what row `from[i]` was. The number of rows may change. */
  reorder(from: readonly number[]): void;
  /** Frees the cache. */
  dispose(): void;
}

/** What a model does for a step: logits of the last token, `[B, 1, vocabSize]`. */
export interface StepInput {
  /** Tokens that the cache doesn't know yet, `[B, T]`. */
  readonly ids: Tensor<'int32'>;
  /** Which of all tokens are real, `[B, S]`: undefined where all are. */
  readonly mask: Tensor<'bool'> | undefined;
  /** Place of each new token in its row, `[B, T]`: undefined where it is its column. */
  readonly positions: Int32Array | undefined;
  readonly cache: KeyValueCache | undefined;
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
  const resume = model.training;
  model.eval();
  try {
    return noGrad(() => scope(fn));
  } finally {
    if (resume) model.train();
  }
}

/** Checks prompts at the door. */
export function checkPrompts(prompts: readonly (readonly number[])[], { vocabSize, maxLength }: DecodingModel): void {
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
    private readonly step: (input: StepInput) => Tensor,
    private readonly cache: KeyValueCache | undefined,
    private readonly onReorder: (from: Int32Array) => void = () => undefined,
    private readonly onDispose: () => void = () => undefined,
  ) {
    const longest = Math.max(...prompts.map((prompt) => prompt.length));
    this.rows = prompts.map((prompt) => [...prompt]);
    this.prompted = prompts.map((prompt) => prompt.length);
    this.padding = prompts.map((prompt) => longest - prompt.length);
  }

  get hasRoom(): boolean {
    return this.columns < this.model.maxLength;
  }

  private get columns(): number {
    return this.padding[0] + this.rows[0].length;
  }

  async next(): Promise<Float32Array[]> {
    const logits = answering(this.model, () => this.step(this.input()));
    try {
      const data = await logits.data();
      const V = data.length / this.rows.length;
      return this.rows.map((_, i) => data.slice(i * V, (i + 1) * V));
    } finally {
      logits.dispose();
    }
  }

  append(tokens: readonly number[]): void {
    tokens.forEach((id, i) => {
      this.rows[i].push(id);
    });
  }

  reorder(from: readonly number[]): void {
    const pick = <T>(list: readonly T[], copy: (item: T) => T): T[] => from.map((i) => copy(list[i]));
    const rows = pick(this.rows, (row) => [...row]);
    this.rows.splice(0, this.rows.length, ...rows);
    this.prompted.splice(0, this.prompted.length, ...pick(this.prompted, (n) => n));
    this.padding = pick(this.padding, (n) => n);
    const places = Int32Array.from(from);
    if (this.cache !== undefined && this.cache.length > 0) this.cache.reorder(places);
    this.onReorder(places);
  }

  dispose(): void {
    this.cache?.dispose();
    this.onDispose();
  }

  /** The columns that the cache doesn't hold. */
  private input(): StepInput {
    const { rows, padding, columns, cache } = this;
    const from = cache?.length ?? 0;
    const B = rows.length;
    const T = columns - from;
    const padded = padding.some((n) => n > 0);
    const at = (i: number): readonly [row: number, column: number] => [Math.floor(i / T), from + (i % T)];
    const place = (i: number): number => {
      const [row, column] = at(i);
      return column - padding[row];
    };
    const ids = Int32Array.from({ length: B * T }, (_, i) => rows[at(i)[0]][place(i)] ?? this.model.padId);
    const positions = padded ? Int32Array.from({ length: B * T }, (_, i) => Math.max(place(i), 0)) : undefined;
    const mask = padded
      ? tensor(
          Uint8Array.from({ length: B * columns }, (_, i) => (i % columns >= padding[Math.floor(i / columns)] ? 1 : 0)),
          { shape: [B, columns] },
        )
      : undefined;
    return { ids: tensor(ids, { shape: [B, T] }), mask, positions, cache };
  }
}
