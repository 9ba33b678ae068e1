// A linear map whose weights are 8-bit integers, and turning a model's maps into such. For inference on wasm.
import { ArgumentError } from '../errors';
import { type Activation, activate } from '../fused/linear';
import { INT8_PER_WORD, linearInt8 } from '../fused/linear-int8';
import { tensor } from '../ops/create';
import type { Tensor } from '../tensor';
import { Linear } from './layers';
import { Module } from './module';
import { buffer, Parameter } from './parameter';

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
  const modules = model.namedModules();
  const tied = sharedParameters(modules.map(({ module }) => module));
  const chosen = modules.flatMap(({ name, module }) => {
    const matches = module instanceof Linear && module.constructor === Linear && (options.match?.test(name) ?? true);
    return matches && module !== model && !tied.has(module.weight) ? [{ name, map: module }] : [];
  });
  if (chosen.length === 0) throw new ArgumentError('quantize', 'match', 'a name of a Linear', String(options.match));
  for (const { name, map } of chosen) {
    if (Object.hasOwn(map, 'forward'))
      throw new ArgumentError('quantize', 'model', 'adapters merged into their maps', `one beside ${name}`);
  }
  const made = new Map<unknown, QuantizedLinear>();
  for (const { map } of chosen) if (!made.has(map)) made.set(map, await quantized(map));
  for (const { module } of modules) replace(module, made);
  return chosen.map(({ name }) => name);
}

/** Parameters that more than one module has in its own fields. */
function sharedParameters(modules: readonly Module[]): ReadonlySet<Parameter> {
  const owners = new Map<Parameter, Module>();
  const shared = new Set<Parameter>();
  for (const module of modules) {
    for (const value of Object.values(module)) {
      if (!(value instanceof Parameter)) continue;
      if ((owners.get(value) ?? module) !== module) shared.add(value);
      owners.set(value, module);
    }
  }
  return shared;
}

async function quantized(map: Linear): Promise<QuantizedLinear> {
  const [outputs, inputs] = map.weight.shape;
  const { bytes, scales } = roundRows(await map.weight.data(), outputs, inputs);
  map.weight.dispose();
  const words = new Int32Array(bytes.buffer);
  const shape = [outputs, words.length / Math.max(1, outputs)];
  return new QuantizedLinear({
    qweight: tensor<'int32'>(words, { shape }),
    scales: tensor<'float32'>(scales),
    bias: map.bias,
    activation: map.activation,
  });
}

/** The nearest integers to each row over its scale; rows padded to whole words. */
function roundRows(weight: Float32Array, outputs: number, inputs: number): { bytes: Int8Array; scales: Float32Array } {
  const stride = Math.ceil(inputs / INT8_PER_WORD) * INT8_PER_WORD;
  const bytes = new Int8Array(outputs * stride);
  const scales = new Float32Array(outputs);
  for (let row = 0; row < outputs; row++) {
    const values = weight.subarray(row * inputs, (row + 1) * inputs);
    const scale = Math.fround(values.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / LARGEST);
    scales[row] = scale;
    if (scale === 0) continue;
    for (let i = 0; i < inputs; i++) bytes[row * stride + i] = Math.round(values[i] / scale);
  }
  return { bytes, scales };
}

/** Puts the new maps where the old ones were, in fields and in lists. */
function replace(parent: object, made: ReadonlyMap<unknown, QuantizedLinear>): void {
  for (const [field, value] of Object.entries(parent)) {
    const map = made.get(value);
    if (map !== undefined) Reflect.set(parent, field, map);
    else if (Array.isArray(value)) replace(value, made);
  }
}
