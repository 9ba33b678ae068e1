// A linear map with adapters beside it. It knows which of them are in use and which are merged into its weights, and
// keeps the weights that it came with, so that they come back bit for bit.
import { linear, noGrad, scope, type Tensor } from '@heddle/tensor';
import { assign, type Linear } from '@heddle/tensor/nn';
import { activate } from '../feed-forward';

/** What an adapter does to one map. */
export interface Beside {
  /** What is added to the map's result, before its activation: `[…, in]` to `[…, out]`. `weight` is the map's own. */
  added(x: Tensor, weight: Tensor): Tensor;
  /** What is added to the map's weights instead, `[out, in]`. */
  delta(weight: Tensor): Tensor;
}

/** The adapters of one map. */
class AdaptedLinear {
  private readonly used = new Set<Beside>();
  private readonly merged = new Set<Beside>();
  /** The weights before anything was merged into them. */
  private own: Tensor | null = null;

  constructor(private readonly map: Linear) {
    const plain = map.forward.bind(map);
    const forward = (x: Tensor): Tensor => {
      if (this.used.size === 0) return plain(x);
      let y = linear(x, map.weight, { bias: map.bias ?? undefined });
      for (const adapter of this.used) y = y.add(adapter.added(x, this.own ?? map.weight));
      return map.activation === 'none' ? y : activate(y, map.activation);
    };
    // Not enumerable: a module's fields are its parts.
    Object.defineProperty(map, 'forward', { value: forward, enumerable: false, configurable: true });
  }

  enable(adapter: Beside): void {
    if (!this.merged.has(adapter)) this.used.add(adapter);
  }

  disable(adapter: Beside): void {
    this.used.delete(adapter);
    if (this.merged.delete(adapter)) this.mergeAgain();
  }

  /** Leaves the map as if there were no adapters. */
  disableAll(): void {
    this.used.clear();
    this.merged.clear();
    this.mergeAgain();
  }

  merge(adapter: Beside): void {
    if (this.merged.has(adapter)) return;
    this.used.delete(adapter);
    this.merged.add(adapter);
    this.mergeAgain();
  }

  unmerge(adapter: Beside): void {
    if (!this.merged.delete(adapter)) return;
    this.used.add(adapter);
    this.mergeAgain();
  }

  /** Own weights and everything that is merged, computed from the start: the order doesn't matter. */
  private mergeAgain(): void {
    const { weight } = this.map;
    if (this.merged.size === 0) {
      if (this.own === null) return;
      assign(weight, this.own);
      this.own.dispose();
      this.own = null;
      return;
    }
    noGrad(() => {
      this.own ??= scope(() => weight.mul(1).keep());
      const own = this.own;
      scope(() =>
        assign(
          weight,
          [...this.merged].reduce((sum, adapter) => sum.add(adapter.delta(own)), own),
        ),
      );
    });
  }
}

const adapted = new WeakMap<Linear, AdaptedLinear>();

/** The adapters of a map, whose `forward` now adds what they say. */
export function adaptersOf(map: Linear): AdaptedLinear {
  const known = adapted.get(map) ?? new AdaptedLinear(map);
  adapted.set(map, known);
  return known;
}
