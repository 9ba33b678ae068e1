// Linear maps and embeddings whose weights are floats of 16 bits, and turning a model's into such. For inference on wasm.
import { ArgumentError } from '../errors';
import { type Activation, activate } from '../fused/linear';
import { linearHalf, widenHalf } from '../fused/linear-half';
import { ELEMENTS_PER_WORD, type HalfFormat } from '../fused/packed';
import { narrowBfloat16, narrowFloat16 } from '../half';
import { scope } from '../lifetime';
import { cast } from '../ops/arithmetic';
import { tensor } from '../ops/create';
import { requireOptions } from '../ops/rules';
import { contiguous } from '../ops/views';
import type { AnyTensor, Tensor } from '../tensor';
import { Embedding, Linear } from './layers';
import { Module, requireModule } from './module';
import { buffer, type Parameter } from './parameter';
import { type Replaceable, replaceable, replaceModules, type WeightReader } from './replace-modules';

/** Two weights a word, and how they are read. */
interface Packed {
  /** `[rows, ⌈width / 2⌉]` */
  readonly words: Tensor<'int32'>;
  readonly width: number;
  readonly format: HalfFormat;
}

/** A module with one weight of 16 bits. */
abstract class HalfModule extends Module {
  /** `[rows, ⌈width / 2⌉]`: two floats a word, as `linearHalf` takes them. */
  readonly words: Tensor<'int32'>;
  readonly format: HalfFormat;
  /** Columns of the weight. */
  readonly width: number;

  constructor({ words, width, format }: Packed) {
    super();
    this.words = buffer(words);
    this.width = width;
    this.format = format;
  }

  /** The weight as floats of 32 bits, `[rows, width]`: exactly what the 16 bits say. */
  widened(): Tensor {
    return widenHalf(this.words, { format: this.format, count: this.width });
  }
}

/**
 * A `Linear` for inference, its weight in 16 bits: half of the memory. What is computed is floats of 32. `halve` makes it.
 *
 * @example
 * ```ts
 * import { init } from '@heddle/tensor';
 * import { HalfLinear, halve, Linear, Sequential } from '@heddle/tensor/nn';
 * await init();
 * const model = new Sequential([new Linear({ inputs: 64, outputs: 8 })]);
 * await halve(model);
 * const [map] = model.layers;
 * if (map instanceof HalfLinear) console.log(map.words.shape, map.widened().shape); // [8, 32] [8, 64]
 * ```
 */
export class HalfLinear extends HalfModule {
  /** `[outputs]`, in 32 bits. */
  readonly bias: Parameter | null;
  readonly activation: Activation;

  constructor(packed: Packed, { bias, activation }: Pick<Linear, 'bias' | 'activation'>) {
    super(packed);
    this.bias = bias;
    this.activation = activation;
  }

  override forward(x: Tensor): Tensor {
    const { words, format, bias, activation } = this;
    return activate(linearHalf(x, words, { format, bias: bias ?? undefined }), activation);
  }
}

/**
 * An `Embedding` for inference, its table in 16 bits. `halve` makes it.
 *
 * @example
 * ```ts
 * import { init, tensor } from '@heddle/tensor';
 * import { Embedding, HalfEmbedding, halve, Sequential } from '@heddle/tensor/nn';
 * await init();
 * const model = new Sequential([new Embedding({ count: 10, dim: 4 })]);
 * await halve(model, { format: 'float16' });
 * const [table] = model.layers;
 * if (table instanceof HalfEmbedding) console.log(table.call(tensor([1, 2], { dtype: 'int32' })).shape); // [2, 4]
 * ```
 */
export class HalfEmbedding extends HalfModule {
  override forward(ids: AnyTensor): Tensor {
    return widenHalf(this.words.take(cast(ids, 'int32')), { format: this.format, count: this.width });
  }

  /** The table as a linear map, `x · tableᵀ + bias`: a head that is tied to it. */
  asLinear(x: Tensor, { bias }: { readonly bias?: Tensor | undefined } = {}): Tensor {
    return linearHalf(x, this.words, { format: this.format, bias });
  }
}

/** What `halve` is told. */
export interface HalveOptions {
  /** `bfloat16` where nothing is said. */
  readonly format?: HalfFormat;
  /** Where weights come from: a file, say, while the maps are hollow (`skipInit`). The parts' own where nothing is said. */
  readonly read?: WeightReader;
}

/**
 * Turns a model's linear maps and embeddings into `HalfLinear`s and `HalfEmbedding`s, in place, and frees their weights of
 * 32 bits. Each is rounded to the nearest, ties to even, as PyTorch rounds. One that is another part's too stays as it is.
 * The model is for inference then; its checkpoint holds `NAME.words` (int32, two a word), and loads into a model that
 * `halve` has gone over with the same format.
 *
 * @returns the names of the parts.
 * @throws {ArgumentError} where there is none, one has an adapter beside it, or a weight is too large for float16.
 * @example
 * ```ts
 * import { init, ones } from '@heddle/tensor';
 * import { halve, Linear, Sequential } from '@heddle/tensor/nn';
 * await init();
 * const model = new Sequential([new Linear({ inputs: 64, outputs: 8 })]).eval();
 * console.log(await halve(model), model.call(ones([1, 64])).shape); // [ '0' ] [ 1, 8 ]
 * ```
 */
export async function halve(model: Module, options: HalveOptions = {}): Promise<readonly string[]> {
  requireModule('halve', 'model', model);
  const { format = 'bfloat16', read } = requireOptions('halve', options);
  const chosen = halvable(model);
  if (chosen.length === 0) throw new ArgumentError('halve', 'model', 'linear maps or embeddings inside', 'none');
  return replaceModules('halve', model, chosen, async (name, map) => {
    const packed = await packedWeight(name, map, format, read);
    return map instanceof Linear ? new HalfLinear(packed, map) : new HalfEmbedding(packed);
  });
}

/**
 * The parts that `halve` takes: embeddings first, as none of those is hollow.
 *
 * @example
 * ```ts
 * import { init } from '@heddle/tensor';
 * import { Embedding, halvable, Linear, Sequential } from '@heddle/tensor/nn';
 * await init();
 * const model = new Sequential([new Embedding({ count: 10, dim: 4 }), new Linear({ inputs: 4, outputs: 8 })]);
 * console.log(halvable(model).map(({ name }) => name)); // [ '0', '1' ]
 * ```
 */
export function halvable(model: Module): readonly Replaceable<Linear | Embedding>[] {
  requireModule('halvable', 'model', model);
  return [...replaceable(model, [Embedding]), ...replaceable(model, [Linear])];
}

async function packedWeight(
  name: string,
  { weight }: Linear | Embedding,
  format: HalfFormat,
  read: WeightReader = async (_, take) => take(await weight.data()),
): Promise<Packed> {
  const [rows, width] = weight.shape;
  const stride = Math.ceil(width / ELEMENTS_PER_WORD[format]) * ELEMENTS_PER_WORD[format];
  const bits = new Uint16Array(rows * stride);
  let at = 0;
  await read(name, (part) => {
    const own = narrowed(name, part, format);
    if (stride === width) bits.set(own, at);
    else for (let i = 0; i < own.length; i++) bits[Math.floor((at + i) / width) * stride + ((at + i) % width)] = own[i];
    at += own.length;
  });
  if (at !== rows * width) throw new ArgumentError('halve', 'read', `${rows * width} elements of ${name}`, String(at));
  weight.dispose();
  const words = new Int32Array(bits.buffer);
  const shape = [rows, stride / ELEMENTS_PER_WORD[format]];
  // A copy, as what is made from the host keeps the host's array: ids need it, weights don't.
  return { words: scope(() => contiguous(tensor<'int32'>(words, { shape }), { copy: true })), width, format };
}

function narrowed(name: string, part: Float32Array, format: HalfFormat): Uint16Array {
  if (format === 'bfloat16') return narrowBfloat16(part);
  const bits = narrowFloat16(part);
  const large = bits.findIndex((own) => (own & 0x7c00) === 0x7c00);
  if (large >= 0)
    throw new ArgumentError('halve', name, 'weights up to 65504 for float16', `${part[large]}: try bfloat16`);
  return bits;
}
