// What adapters have in common: they stand beside a model that is no part of them, and its mode is theirs.
import { Module } from '@heddle/tensor/nn';

/** Parameters beside a model. */
export abstract class Adapter<M extends Module> extends Module {
  // Not a field: else its parameters would be the adapter's.
  readonly #model: M;

  constructor(model: M) {
    super();
    this.#model = model;
  }

  /** The model that it adapts. */
  get model(): M {
    return this.#model;
  }

  /** The model's mode is the adapter's. */
  override get training(): boolean {
    return this.#model.training;
  }

  override train(): this {
    this.#model.train();
    return this;
  }

  override eval(): this {
    this.#model.eval();
    return this;
  }
}
