// A small problem and a small model for it: which of two kinds of token are more frequent in a row?
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Generator, memory, relu, type Tensor, tensor } from '@heddle/tensor';
import { Dropout, Embedding, Linear, Module } from '@heddle/tensor/nn';
import type { LabelledBatch, LabelledIds } from '../src/index.js';

/** Two layers over the mean of token embeddings. */
export class Toy extends Module {
  readonly embedding: Embedding;
  readonly dropout: Dropout;
  readonly up: Linear;
  readonly down: Linear;

  constructor({ seed = 0, dropout = 0.1, classes = 2 } = {}) {
    super();
    const generator = new Generator(seed);
    this.embedding = new Embedding({ count: 12, dim: 8, generator });
    this.dropout = new Dropout(dropout);
    this.up = new Linear({ inputs: 8, outputs: 8, generator });
    this.down = new Linear({ inputs: 8, outputs: classes, generator });
  }

  override forward({ ids, mask, shape }: LabelledBatch): Tensor {
    const [B, T] = shape;
    const real = tensor(mask, { shape: [B, T, 1] }).cast('float32');
    const x = this.embedding.forward(tensor(ids, { shape: [B, T] })); // [B, T, 8]
    const mean = x
      .mul(real)
      .sum({ axis: 1 })
      .div(real.sum({ axis: 1 })); // [B, 8]
    return this.down.forward(this.dropout.forward(relu(this.up.forward(mean))));
  }
}

/** Rows of 3 to 9 ids; the label says whether more of them are below 6. */
export function toyRows(count: number, seed: number): LabelledIds[] {
  const random = new Generator(seed);
  return Array.from({ length: count }, () => {
    const length = 3 + 2 * Math.floor(random.uniform(1)[0] * 4);
    const ids = Array.from(random.uniform(length), (u) => Math.floor(u * 12));
    return { ids, label: ids.filter((id) => id < 6).length * 2 > length ? 1 : 0 };
  });
}

/**
 * Has the collector free what earlier tests dropped. Tests that count live buffers need it: what it frees of its own accord
 * in their midst would be counted as theirs.
 */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  for (let before = -1; before !== memory().buffers; ) {
    before = memory().buffers;
    gc();
    // Finalizers run in a task of their own.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** All weights of a model, to compare byte for byte. */
export async function weightsOf(model: Module): Promise<Record<string, number[]>> {
  const entries = [...model.stateDict()].map(async ([name, t]) => [name, Array.from(await t.data())] as const);
  return Object.fromEntries(await Promise.all(entries));
}
