// A small encoder classifier and its training loop, for whichever backend is in use. Browsers run it too.
import type { Backend } from '../../src/backends/backend';
import { crossEntropy, manualSeed, scaledDotProductAttention, type Tensor, tensor } from '../../src/index';
import { Dropout, Embedding, LayerNorm, Linear, Module, ModuleList } from '../../src/nn/index';
import { AdamW, clipGradNorm } from '../../src/optim/index';
import { Generator } from '../../src/random';

const DIM = 32;
const HEADS = 4;
const VOCABULARY = 40;
const CLASSES = 3;

/** A pre-norm encoder layer with everything that one has: mask, dropout, gelu. */
class EncoderLayer extends Module {
  readonly norm1 = new LayerNorm({ dim: DIM });
  readonly norm2 = new LayerNorm({ dim: DIM });
  readonly q = new Linear({ inputs: DIM, outputs: DIM });
  readonly k = new Linear({ inputs: DIM, outputs: DIM });
  readonly v = new Linear({ inputs: DIM, outputs: DIM });
  readonly out = new Linear({ inputs: DIM, outputs: DIM });
  readonly up = new Linear({ inputs: DIM, outputs: 4 * DIM, activation: 'gelu' });
  readonly down = new Linear({ inputs: 4 * DIM, outputs: DIM });
  readonly dropout = new Dropout(0.1);

  override forward(x: Tensor, mask: Tensor<'bool'>): Tensor {
    const [B, T] = x.shape;
    const heads = (t: Tensor): Tensor => t.reshape([B, T, HEADS, DIM / HEADS]).permute([0, 2, 1, 3]); // [B, H, T, Dh]
    const h = this.norm1.call(x);
    const [q, k, v] = [this.q, this.k, this.v].map((map) => heads(map.call(h)));
    const attended = scaledDotProductAttention(q, k, v, { mask, dropout: 0.1 });
    const merged = attended.permute([0, 2, 1, 3]).reshape([B, T, DIM]);
    const first = x.add(this.dropout.call(this.out.call(merged)));
    return first.add(this.dropout.call(this.down.call(this.up.call(this.norm2.call(first)))));
  }
}

/** Embedding, layers, mean over tokens, classes. */
class Classifier extends Module {
  readonly embedding = new Embedding({ count: VOCABULARY, dim: DIM, paddingIdx: 0 });
  readonly layers: ModuleList<EncoderLayer>;
  readonly norm = new LayerNorm({ dim: DIM });
  readonly head = new Linear({ inputs: DIM, outputs: CLASSES });

  constructor(layers: number) {
    super();
    this.layers = new ModuleList(Array.from({ length: layers }, () => new EncoderLayer()));
  }

  override forward(ids: Tensor<'int32'>, mask: Tensor<'bool'>): Tensor {
    let x = this.embedding.call(ids); // [B, T, D]
    for (const layer of this.layers) x = layer.call(x, mask);
    return this.head.call(this.norm.call(x).mean({ axis: 1 }));
  }
}

/** Options of `train`. */
export interface TrainOptions {
  readonly layers?: number;
  /** Called after each backward pass, before clipping. */
  readonly afterBackward?: (step: number) => void;
  /** Called after clipping, before the optimizer. */
  readonly beforeStep?: (step: number) => void;
  /** Called after each step. */
  readonly after?: (step: number) => void;
  /** Tokens of the batch of a step: 12 where nothing is said. */
  readonly tokens?: (step: number) => number;
  /** Reads the loss of each step, as a program that prints would. */
  readonly reads?: boolean;
}

/** Trains from a fixed seed on two batches in turn. The losses, one a step. */
export async function train(steps: number, options: TrainOptions = {}): Promise<readonly number[]> {
  const { layers = 2, after, afterBackward, beforeStep, tokens = () => 12, reads = true } = options;
  manualSeed(3);
  const model = new Classifier(layers);
  const optimizer = new AdamW(model.parameters(), { lr: 3e-3 });
  const losses: number[] = [];
  const B = 4;
  for (let step = 0; step < steps; step++) {
    const T = tokens(step);
    const drawn = new Generator(11 + (step % 2)).uniform(B * T);
    const ids = Int32Array.from(drawn, (u, i) => (i % T < T * 0.75 ? 1 + Math.floor(u * (VOCABULARY - 1)) : 0));
    const labels = Int32Array.from({ length: B }, (_, b) => ids[b * T] % CLASSES);
    const mask = tensor<'bool'>(
      Int32Array.from(ids, (id) => (id === 0 ? 0 : 1)),
      { shape: [B, 1, 1, T], dtype: 'bool' },
    );
    const loss = crossEntropy(model.call(tensor(ids, { shape: [B, T] }), mask), labels);
    loss.backward();
    afterBackward?.(step);
    clipGradNorm(model.parameters(), 1);
    beforeStep?.(step);
    optimizer.step();
    if (reads) losses.push(await loss.item());
    after?.(step);
  }
  optimizer.dispose();
  for (const p of model.parameters()) p.dispose();
  return losses;
}

/** Launches that a layer may take in a step, clipping included; the optimizer takes one more for all layers. */
export const LAUNCHES = { portable: 120, auto: 40 } as const;

/** Launches of one training step, after the first ones. */
export interface Launches {
  /** Forward and backward. */
  readonly graph: number;
  readonly clip: number;
  readonly optimizer: number;
  /** Kernels of our own launched since the backend started. */
  readonly own: number;
}

/** Trains on a backend that is in use, and counts. */
export async function launchesOf(backend: Backend, layers: number, tokens: number): Promise<Launches> {
  const [graph, clipped, all]: number[][] = [[], [], []];
  let own = 0;
  const count = (): number => {
    const counts = backend.info().gpu?.counts;
    own = counts?.own ?? 0;
    return own + (counts?.portable ?? 0);
  };
  const hooks = {
    afterBackward: () => graph.push(count()),
    beforeStep: () => clipped.push(count()),
    after: () => all.push(count()),
  };
  // A loss that is read may take a launch of its own.
  await train(4, { layers, tokens: () => tokens, reads: false, ...hooks });
  return { graph: graph[3] - all[2], clip: clipped[3] - graph[3], optimizer: all[3] - clipped[3], own };
}
