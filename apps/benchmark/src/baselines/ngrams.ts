// Texts to counts of words and pairs of words. The vocabulary is what the training texts hold.
import type { SparseRows } from './csr.js';

/** Words as scikit-learn's TfidfVectorizer cuts them: lowercased, two word characters or more. */
export function words(text: string): string[] {
  return text.toLowerCase().match(/(?<![\p{L}\p{N}_])[\p{L}\p{N}_]{2,}/gu) ?? [];
}

/** Learns the vocabulary of words and pairs, then counts them in any text. */
export class NgramCounter {
  private readonly ids = new Map<string, number>();
  /** In how many training texts each n-gram occurs. */
  readonly documentFrequency: Uint32Array;
  /** The training texts, counted. */
  readonly counts: SparseRows;

  constructor(
    texts: readonly string[],
    private readonly maxLength: 1 | 2 = 2,
  ) {
    this.counts = this.count(texts, (ngram) => {
      const id = this.ids.get(ngram) ?? this.ids.size;
      if (id === this.ids.size) this.ids.set(ngram, id);
      return id;
    });
    this.documentFrequency = new Uint32Array(this.ids.size);
    for (const column of this.counts.columns) this.documentFrequency[column]++;
  }

  /** Counts of the known n-grams; what training never showed is passed over. */
  transform(texts: readonly string[]): SparseRows {
    return this.count(texts, (ngram) => this.ids.get(ngram));
  }

  private count(texts: readonly string[], idOf: (ngram: string) => number | undefined): SparseRows {
    const starts = new Uint32Array(texts.length + 1);
    const columns = new Growing(Uint32Array);
    const values = new Growing(Float32Array);
    for (const [r, text] of texts.entries()) {
      const row = new Map<number, number>();
      const add = (ngram: string): void => {
        const id = idOf(ngram);
        if (id !== undefined) row.set(id, (row.get(id) ?? 0) + 1);
      };
      const list = words(text);
      for (const [i, word] of list.entries()) {
        add(word);
        if (this.maxLength > 1 && i > 0) add(`${list[i - 1]} ${word}`);
      }
      for (const id of [...row.keys()].sort((a, b) => a - b)) {
        columns.push(id);
        values.push(row.get(id)!);
      }
      starts[r + 1] = columns.length;
    }
    return { rows: texts.length, width: this.ids.size, starts, columns: columns.done(), values: values.done() };
  }
}

// A typed array that doubles: a hundred million numbers do not fit a plain array comfortably.
class Growing<A extends Uint32Array | Float32Array> {
  length = 0;
  private array: A;

  constructor(private readonly type: new (length: number) => A) {
    this.array = new type(1 << 16);
  }

  push(value: number): void {
    if (this.length === this.array.length) {
      const larger = new this.type(this.length * 2);
      larger.set(this.array);
      this.array = larger;
    }
    this.array[this.length++] = value;
  }

  done(): A {
    return this.array.slice(0, this.length) as A;
  }
}
