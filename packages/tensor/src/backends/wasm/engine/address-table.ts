// Words that a kernel reads beside its arguments: where the matrices of a batch lie.
import type { Engine } from './engine';

// It lies in the argument block behind the arguments, where it has room there.
const TABLE_SLOT = 40;
const TABLE_ROOM = 12_000;

/** Words that a kernel reads beside its arguments. */
export class Table {
  readonly address: number;
  readonly #engine: Engine;
  readonly #own: boolean;

  constructor(engine: Engine, words: number) {
    this.#engine = engine;
    this.#own = words > TABLE_ROOM;
    this.address = this.#own ? engine.alloc(words * 4) : engine.argsAddress + TABLE_SLOT * 4;
  }

  set(i: number, word: number): void {
    if (this.#own) this.#engine.u32[(this.address >>> 2) + i] = word;
    else this.#engine.slots[TABLE_SLOT + i] = word;
  }

  free(): void {
    if (this.#own) this.#engine.free(this.address);
  }
}
