// Keys and values of the tokens seen so far, so that a decoder computes each of them once. For generation only: what is
// cached is outside every graph.
import { ArgumentError, contiguous, keep, noGrad, scope, type Tensor, tensor, zeros } from '@heddle/tensor';
import { assign } from '@heddle/tensor/nn';
import { requireWhole } from './errors';

/** Keys and values of one attention layer. Room is doubled when it runs out, so that a token costs no copy of all. */
export class KeyValues {
  private keys: Tensor | null = null; // [capacity, B, G, Dk]: by time first, so that new tokens go into one dense piece
  private values: Tensor | null = null;
  private used = 0;

  /** @param capacity tokens that room is made for at first. */
  constructor(private capacity = 32) {
    requireWhole('KeyValues', 'capacity', capacity);
  }

  /** Tokens held. */
  get length(): number {
    return this.used;
  }

  /** Adds keys and values, `[B, G, T, D]`, and returns all so far. Results are views that the next `append` outdates. */
  append(k: Tensor, v: Tensor): readonly [k: Tensor, v: Tensor] {
    return noGrad(() => {
      const end = this.used + k.shape[2];
      this.keys = this.write(this.keys, k, end);
      this.values = this.write(this.values, v, end);
      this.used = end;
      this.capacity = Math.max(this.capacity, this.keys.shape[0]);
      return this.read();
    });
  }

  /** All keys and values so far, `[B, G, S, D]`. */
  read(): readonly [k: Tensor, v: Tensor] {
    const { keys, values } = this;
    if (keys === null || values === null) throw new ArgumentError('KeyValues', 'read', 'tokens in the cache', 'none');
    return [view(keys, this.used), view(values, this.used)];
  }

  /** Row i becomes what row `rows[i]` was: beams that live on. */
  reorder(rows: Int32Array): void {
    const pick = (t: Tensor | null): Tensor | null => {
      if (t === null) return null;
      // By row first for the choice, and back: later tokens are written into dense pieces.
      const chosen = (): Tensor => t.permute([1, 0, 2, 3]).take(tensor(rows)).permute([1, 0, 2, 3]);
      const next = noGrad(() => scope(() => keep(contiguous(chosen()))));
      t.dispose();
      return next;
    };
    this.keys = pick(this.keys);
    this.values = pick(this.values);
  }

  /** Forgets all tokens from `length` on. */
  truncate(length: number): void {
    requireWhole('KeyValues', 'length', length, 0);
    this.used = Math.min(this.used, length);
  }

  dispose(): void {
    this.keys?.dispose();
    this.values?.dispose();
    this.keys = null;
    this.values = null;
    this.used = 0;
  }

  private write(room: Tensor | null, added: Tensor, end: number): Tensor {
    const [B, G, T, D] = added.shape;
    if (room !== null && (room.shape[1] !== B || room.shape[2] !== G || room.shape[3] !== D)) {
      throw new ArgumentError(
        'KeyValues',
        'append',
        `rows like [${room.shape.slice(1).join(', ')}]`,
        `[${B}, ${G}, ${D}]`,
      );
    }
    const roomy = room !== null && end <= room.shape[0] ? room : this.grown(room, end, [B, G, D]);
    scope(() => assign(roomy.slice([[end - T, end]]), added.detach().permute([2, 0, 1, 3])));
    return roomy;
  }

  private grown(room: Tensor | null, end: number, row: readonly number[]): Tensor {
    const before = room?.shape[0] ?? this.capacity;
    const capacity = Math.max(end, room === null ? before : 2 * before);
    const next = scope(() => keep(zeros([capacity, ...row])));
    if (room !== null) {
      scope(() => assign(next.slice([[0, this.used]]), room.slice([[0, this.used]])));
      room.dispose();
    }
    return next;
  }
}

function view(room: Tensor, length: number): Tensor {
  return room.slice([[0, length]]).permute([1, 2, 0, 3]); // [B, G, S, D]
}

/** What a decoder layer keeps: of the tokens before, and of the memory it looks at. */
export interface LayerCache {
  readonly self: KeyValues;
  readonly cross: KeyValues;
}

/**
 * The cache of a whole decoder, a slot a layer. Pass the same one to every call; dispose it at the end.
 *
 * @example
 * ```ts
 * import { Decoder, KeyValueCache } from '@heddle/attention';
 * import { init, noGrad, randn } from '@heddle/tensor';
 * await init();
 * const decoder = new Decoder({ dim: 16, heads: 2, layers: 1 }).eval();
 * const cache = new KeyValueCache(1);
 * noGrad(() => decoder.call(randn([1, 5, 16]), { cache }));
 * const next = noGrad(() => decoder.call(randn([1, 1, 16]), { cache })); // sees the five before
 * console.log(next.shape, cache.length); // [1, 1, 16] 6
 * cache.dispose();
 * ```
 */
export class KeyValueCache {
  readonly layers: readonly LayerCache[];

  constructor(layers: number, options: { readonly capacity?: number } = {}) {
    requireWhole('KeyValueCache', 'layers', layers);
    const slot = (): KeyValues => new KeyValues(options.capacity);
    this.layers = Array.from({ length: layers }, () => ({ self: slot(), cross: slot() }));
  }

  /** Tokens that every layer has seen. */
  get length(): number {
    return this.layers[0].self.length;
  }

  /** Row i becomes what row `rows[i]` was, in all layers. */
  reorder(rows: Int32Array): void {
    for (const { self, cross } of this.layers) {
      self.reorder(rows);
      cross.reorder(rows);
    }
  }

  /** Forgets all tokens from `length` on; what was seen before them can be used again for another continuation. */
  truncate(length: number): void {
    for (const { self } of this.layers) self.truncate(length);
  }

  dispose(): void {
    for (const { self, cross } of this.layers) {
      self.dispose();
      cross.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
