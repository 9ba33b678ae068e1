// Learning rates that fall from layer to layer (Howard & Ruder 2018; Clark et al. 2020): what lies below knows more that
// is worth keeping.
import { ArgumentError } from '@heddle/tensor';
import type { Module, Parameter } from '@heddle/tensor/nn';
import { requireModule, requireOptions } from '../errors';

/** Settings of `layerwiseDecay`. */
export interface LayerwiseDecayConfig {
  /** Of the head, and of everything above the last layer. */
  readonly lr: number;
  /** What a layer's rate is of that of the layer above it: 0.9 where nothing is said. */
  readonly decay?: number;
  /** Of matrices. Biases and norms have none: 0.01 where nothing is said. */
  readonly weightDecay?: number;
}

/** Parameters of one depth, as optimizers take them. */
export interface DecayGroup {
  readonly params: readonly Parameter[];
  readonly lr: number;
  readonly weightDecay: number;
}

/**
 * Groups of a model's trained parameters for `AdamW`: with L layers, layer i of 0 … L − 1 learns at lr · decay^(L − i),
 * embeddings at lr · decay^(L + 1). In an encoder–decoder the decoder's layers lie above the encoder's.
 *
 * @throws {ArgumentError} where a rate is no positive number, or nothing is trained.
 * @example
 * ```ts
 * import { Bert, bertConfig, layerwiseDecay } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * import { AdamW } from '@heddle/tensor/optim';
 * await init();
 * const model = new Bert(bertConfig({ vocabSize: 100, dim: 16, layers: 2, heads: 2, head: 'classification', labels: ['a', 'b'] }));
 * const optimizer = new AdamW(layerwiseDecay(model, { lr: 2e-5, decay: 0.8 }), { lr: 2e-5 });
 * ```
 */
export function layerwiseDecay(model: Module, config: LayerwiseDecayConfig): DecayGroup[] {
  requireModule('layerwiseDecay', model);
  requireOptions('layerwiseDecay', config, 'config');
  const { lr, decay = 0.9, weightDecay = 0.01 } = config;
  for (const [name, value] of Object.entries({ lr, decay }))
    if (!(value > 0)) throw new ArgumentError('layerwiseDecay', name, 'a number above 0', String(value));
  const named = [...model.namedParameters()].filter(([, p]) => p.requiresGrad);
  if (named.length === 0) throw new ArgumentError('layerwiseDecay', 'model', 'parameters that are trained', 'none');
  const layersOf = (side: string): number =>
    named.reduce((count, [name]) => Math.max(count, 1 + (layerIn(name, side) ?? -1)), 0);
  const encoders = layersOf('encoder');
  const top = encoders + layersOf('decoder') + 1;
  const depthOf = (name: string): number => {
    const encoder = layerIn(name, 'encoder');
    if (encoder !== null) return encoder + 1;
    const decoder = layerIn(name, 'decoder');
    if (decoder !== null) return encoders + decoder + 1;
    return /(^|[._])(word|position|type|patch)?_?embedding|positions|class_token|relative_attention_bias|(encoder|decoder)_norm\./.test(
      name,
    )
      ? 0
      : top;
  };
  const groups = new Map<string, { params: Parameter[]; lr: number; weightDecay: number }>();
  for (const [name, p] of named) {
    const depth = depthOf(name);
    const decayed = p.rank > 1 ? weightDecay : 0;
    const key = `${depth} ${decayed}`;
    const group = groups.get(key) ?? { params: [], lr: lr * decay ** (top - depth), weightDecay: decayed };
    group.params.push(p);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** The number of the layer that a parameter belongs to, in one of the stacks. */
function layerIn(name: string, side: string): number | null {
  const found = new RegExp(`(^|\\.)${side}\\.layers\\.(\\d+)\\.`).exec(name);
  return found === null ? null : Number(found[2]);
}
