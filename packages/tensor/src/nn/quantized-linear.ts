// A linear map whose weights are 8-bit integers, and turning a model's maps into such. For inference on wasm.
import { ArgumentError } from '../errors';
import { type Activation, activate } from '../fused/linear';
import { linearInt8 } from '../fused/linear-int8';
import { ELEMENTS_PER_WORD } from '../fused/packed';
import { scope } from '../lifetime';
import { tensor } from '../ops/create';
import { requireOptions } from '../ops/rules';
import { contiguous } from '../ops/views';
import type { Tensor } from '../tensor';
import { Linear } from './layers';
import { Module, requireModule } from './module';
import { buffer, type Parameter } from './parameter';
import { type Replaceable, replaceable, replaceModules, type WeightReader } from './replace-modules';

/** The largest integer of a weight: the range is symmetric, so that zero stays zero. */
const LARGEST = 127;

/** What a `QuantizedLinear` is made of. */
interface QuantizedParts {
  readonly qweight: Tensor<'int32'>;
  readonly scales: Tensor;
  readonly bias: Parameter | null;
  readonly activation: Activation;
}

/**
 * A `Linear` for inference: 8-bit integers and one scale for each output, a quarter of the memory. Each weight is off by
 * at most half of its row's scale, which is the row's largest weight over 127. `quantize` makes it.
 *
 * @example
 * ```ts
 * import { init } from '@heddle/tensor';
 * import { Linear, QuantizedLinear, quantize, Sequential } from '@heddle/tensor/nn';
 * await init();
 * const model = new Sequential([new Linear({ inputs: 64, outputs: 8 })]);
 * await quantize(model);
 * const [map] = model.layers;
 * if (map instanceof QuantizedLinear) console.log(map.qweight.shape, map.scales.shape); // [8, 16] [8]
 * ```
 */
export class QuantizedLinear extends Module {
  /** `[outputs, ⌈inputs / 4⌉]`: four integers a word, as `linearInt8` takes them. */
  readonly qweight: Tensor<'int32'>;
  /** `[outputs]` */
  readonly scales: Tensor;
  /** `[outputs]` */
  readonly bias: Parameter | null;
  readonly activation: Activation;

  constructor({ qweight, scales, bias, activation }: QuantizedParts) {
    super();
    this.qweight = buffer(qweight);
    this.scales = buffer(scales);
    this.bias = bias;
    this.activation = activation;
  }

  override forward(x: Tensor): Tensor {
    return activate(linearInt8(x, this.qweight, this.scales, { bias: this.bias ?? undefined }), this.activation);
  }
}

/** Which maps `quantize` takes. */
export interface QuantizeOptions {
  /** Names of the linear maps, such as `/feed_forward/`: all where nothing is said. */
  readonly match?: RegExp;
  /** Where weights come from: a file, say, while the maps are hollow (`skipInit`). The maps' own where nothing is said. */
  readonly read?: WeightReader;
}

/**
 * Turns a model's linear maps into `QuantizedLinear`s, in place, and frees their float weights. A map whose weight is
 * another part's too (a tied head) stays as it is. The model is for inference then; its checkpoint holds the integers, as
 * `NAME.qweight` (int32, four a word) and `NAME.scales`, and loads into a model that `quantize` has gone over.
 *
 * @returns the names of the maps.
 * @throws {ArgumentError} where no map has a name that matches, or one of them has an adapter beside it.
 * @example
 * ```ts
 * import { init, ones } from '@heddle/tensor';
 * import { Linear, quantize, Sequential } from '@heddle/tensor/nn';
 * await init();
 * const model = new Sequential([new Linear({ inputs: 64, outputs: 8 })]).eval();
 * console.log(await quantize(model), model.call(ones([1, 64])).shape); // [ '0' ] [ 1, 8 ]
 * ```
 */
export async function quantize(model: Module, options: QuantizeOptions = {}): Promise<readonly string[]> {
  requireModule('quantize', 'model', model);
  const { match, read } = requireOptions('quantize', options);
  const chosen = quantizable(model).filter(({ name }) => match?.test(name) ?? true);
  if (chosen.length === 0) throw new ArgumentError('quantize', 'match', 'a name of a Linear', String(match));
  return replaceModules('quantize', model, chosen, (name, map) => quantized(name, map, read));
}

/**
 * The maps that `quantize` takes where nothing is said.
 *
 * @example
 * ```ts
 * import { init } from '@heddle/tensor';
 * import { Linear, quantizable, Sequential } from '@heddle/tensor/nn';
 * await init();
 * const model = new Sequential([new Linear({ inputs: 64, outputs: 8 })]);
 * console.log(quantizable(model).map(({ name }) => name)); // [ '0' ]
 * ```
 */
export function quantizable(model: Module): readonly Replaceable<Linear>[] {
  requireModule('quantizable', 'model', model);
  return replaceable(model, [Linear]);
}

async function quantized(
  name: string,
  map: Linear,
  read: WeightReader = async (_, take) => take(await map.weight.data()),
): Promise<QuantizedLinear> {
  const [outputs, inputs] = map.weight.shape;
  const rows = new RoundedRows(outputs, inputs);
  await read(name, (part) => rows.take(part));
  const words = rows.words(name);
  map.weight.dispose();
  const shape = [outputs, words.length / Math.max(1, outputs)];
  return new QuantizedLinear({
    // A copy, as what is made from the host keeps the host's array: ids need it, weights don't.
    qweight: scope(() => contiguous(tensor<'int32'>(words, { shape }), { copy: true })),
    scales: tensor<'float32'>(rows.scales),
    bias: map.bias,
    activation: map.activation,
  });
}

/** The nearest integers to each row over its scale; rows padded to whole words. */
class RoundedRows {
  readonly scales: Float32Array;
  private readonly bytes: Int8Array;
  private readonly stride: number;
  /** The row that parts are gathered into, how much of it there is, and its number. */
  private readonly row: Float32Array;
  private filled = 0;
  private number = 0;

  constructor(outputs: number, inputs: number) {
    this.stride = Math.ceil(inputs / ELEMENTS_PER_WORD.int8) * ELEMENTS_PER_WORD.int8;
    this.bytes = new Int8Array(outputs * this.stride);
    this.scales = new Float32Array(outputs);
    this.row = new Float32Array(inputs);
  }

  take(part: Float32Array): void {
    for (let at = 0; at < part.length; ) {
      const count = Math.min(part.length - at, this.row.length - this.filled);
      this.row.set(part.subarray(at, at + count), this.filled);
      this.filled += count;
      at += count;
      if (this.filled === this.row.length) this.round();
    }
  }

  /** All rows, four integers a word. */
  words(name: string): Int32Array {
    const { outputs, inputs } = { outputs: this.scales.length, inputs: this.row.length };
    if (inputs > 0 && (this.number !== outputs || this.filled > 0))
      throw new ArgumentError(
        'quantize',
        'read',
        `${outputs * inputs} elements of ${name}`,
        String(this.number * inputs + this.filled),
      );
    return new Int32Array(this.bytes.buffer);
  }

  private round(): void {
    const { row, bytes, number } = this;
    const begin = number * this.stride;
    const scale = Math.fround(row.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / LARGEST);
    this.scales[number] = scale;
    if (scale !== 0) for (let i = 0; i < row.length; i++) bytes[begin + i] = Math.round(row[i] / scale);
    this.number++;
    this.filled = 0;
  }
}
