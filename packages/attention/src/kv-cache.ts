// Keys and values of the tokens seen so far, so that a decoder computes each of them once. For generation only: what is
// cached is outside every graph.
import { ArgumentError, contiguous, keep, noGrad, scope, type Tensor, tensor, zeros } from '@heddle/tensor';
import { assign } from '@heddle/tensor/nn';
import { requireWhole } from './errors';

/** How much is kept, and where room comes from. */
export interface CacheOptions {
  /** Tokens that room is made for at first: 32 where nothing is said. */
  readonly capacity?: number | undefined;
  /** A static cache: room is made once, and more tokens than `capacity` are refused. */
  readonly fixed?: boolean | undefined;
  /** Only the last so many tokens are kept, for attention that sees no further back. */
  readonly window?: number | undefined;
}

/** Tokens beyond the window that may be taken back. */
const SLACK = 64;

/** Keys and values of one attention layer. Room is doubled when it runs out, so that a token costs no copy of all. */
export class KeyValues {
  /** How far back is kept; undefined where everything is. */
  readonly window: number | undefined;
  private keys: Tensor | null = null; // [capacity, B, G, Dk]: by time first, so that new tokens go into one dense piece
  private values: Tensor | null = null;
  private used = 0; // tokens in the room
  private dropped = 0; // tokens before them, which the window left behind
  private capacity: number;
  private readonly fixed: boolean;

  constructor({ capacity = 32, fixed = false, window }: CacheOptions = {}) {
    requireWhole('KeyValues', 'capacity', capacity);
    if (window !== undefined) requireWhole('KeyValues', 'window', window);
    this.capacity = capacity;
    this.fixed = fixed;
    this.window = window;
  }

  /** Tokens seen. */
  get length(): number {
    return this.dropped + this.used;
  }

  /**
   * Adds keys and values, `[B, G, T, D]`, and returns all that are kept. Results are views that the next `append` outdates.
   *
   * @throws {ArgumentError} where rows have another shape, or a fixed cache is full.
   */
  append(k: Tensor, v: Tensor): readonly [k: Tensor, v: Tensor] {
    return noGrad(() => {
      const T = k.shape[2];
      this.slide(T);
      const end = this.used + T;
      this.keys = this.write(this.keys, k, end);
      this.values = this.write(this.values, v, end);
      this.used = end;
      this.capacity = Math.max(this.capacity, this.keys.shape[0]);
      return this.read();
    });
  }

  /** All keys and values that are kept, `[B, G, S, D]`. */
  read(): readonly [k: Tensor, v: Tensor] {
    const { keys, values } = this;
    if (keys === null || values === null) throw new ArgumentError('KeyValues', 'read', 'tokens in the cache', 'none');
    return [view(keys, this.used), view(values, this.used)];
  }

  /** Row i becomes what row `rows[i]` was: beams that live on. */
  reorder(rows: Int32Array): void {
    // By row first for the choice, and back: later tokens are written into dense pieces.
    this.replace((room) => room.permute([1, 0, 2, 3]).take(tensor(rows)).permute([1, 0, 2, 3]));
  }

  /**
   * Forgets all tokens from `length` on.
   *
   * @throws {ArgumentError} where tokens would be needed that the window left behind.
   */
  truncate(length: number): void {
    requireWhole('KeyValues', 'length', length, 0);
    if (length >= this.length) return;
    // What the next token sees has to be there.
    if (this.dropped > 0 && length - this.dropped < (this.window ?? 0) - 1)
      throw new ArgumentError(
        'KeyValues',
        'length',
        `at least ${this.dropped + (this.window ?? 0) - 1}: the window left behind what stands before`,
        String(length),
      );
    this.used = length - this.dropped;
  }

  /**
   * The first `length` tokens for several rows: row i begins after `padding[i]` places, which hold anything.
   */
  spread(padding: readonly number[], length: number): KeyValues {
    const { keys, values, capacity } = this;
    const out = new KeyValues({ capacity });
    if (keys === null || values === null) return out;
    const B = padding.length;
    const from = Int32Array.from({ length: length * B }, (_, i) => Math.max(Math.floor(i / B) - padding[i % B], 0));
    const shifted = (room: Tensor): Tensor => {
      const [, , G, D] = room.shape;
      return noGrad(() => scope(() => keep(room.select(1, 0).take(tensor(from)).reshape([length, B, G, D]))));
    };
    out.keys = shifted(keys);
    out.values = shifted(values);
    out.used = length;
    return out;
  }

  dispose(): void {
    this.keys?.dispose();
    this.values?.dispose();
    this.keys = null;
    this.values = null;
    this.used = 0;
    this.dropped = 0;
  }

  /** Leaves behind what the window can't see any more, once so much has gathered that the copy is worth it. */
  private slide(added: number): void {
    if (this.window === undefined) return;
    const kept = this.window - 1 + SLACK;
    if (this.used + added <= Math.max(this.capacity, 2 * kept) || this.used <= kept) return;
    const gone = this.used - kept;
    this.replace((room) => room.slice([[gone, this.used]]));
    this.used = kept;
    this.dropped += gone;
  }

  private replace(make: (room: Tensor) => Tensor): void {
    const remade = (room: Tensor | null): Tensor | null => {
      if (room === null) return null;
      const next = noGrad(() => scope(() => keep(contiguous(make(room)))));
      room.dispose();
      return next;
    };
    this.keys = remade(this.keys);
    this.values = remade(this.values);
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
    if (this.fixed && end > this.capacity)
      throw new ArgumentError('KeyValues', 'append', `at most ${this.capacity} tokens in a fixed cache`, String(end));
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

  /**
   * @param layers how many, or their slots
   * @param options of the tokens before; what is kept of a memory has its own size
   */
  constructor(layers: number | readonly LayerCache[], options: CacheOptions = {}) {
    if (typeof layers === 'number') requireWhole('KeyValueCache', 'layers', layers);
    this.layers =
      typeof layers === 'number'
        ? Array.from({ length: layers }, () => ({ self: new KeyValues(options), cross: new KeyValues() }))
        : layers;
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

  /**
   * A cache of its own with the first `length` tokens of this one's first row for several rows: row i begins after
   * `padding[i]` places that its mask has to hide.
   */
  spread(padding: readonly number[], length = this.length): KeyValueCache {
    return new KeyValueCache(
      this.layers.map(({ self }) => ({ self: self.spread(padding, length), cross: new KeyValues() })),
    );
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
