// Convolution over time as one matrix product of unfolded windows.
import { ArgumentError, ShapeError } from '../errors';
import { add } from '../ops/arithmetic';
import { pad, stack } from '../ops/indexing';
import { matmul } from '../ops/matmul';
import { requireDType, requireOptions } from '../ops/rules';
import { reshape, slice } from '../ops/views';
import { show } from '../shape';
import type { Tensor } from '../tensor';
import { fanInUniform, type InitializerOptions } from './initializers';
import { Module } from './module';
import { Parameter } from './parameter';

/** Sizes of a `Conv1d`. */
export interface Conv1dConfig extends InitializerOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride?: number;
  /** Zeros at both ends. */
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
  readonly bias?: boolean;
}

/** `torch.nn.Conv1d`: `[B, inputs, T]` to `[B, outputs, T′]`. */
export class Conv1d extends Module {
  /** `[outputs, inputs / groups, kernel]` */
  readonly weight: Parameter;
  /** `[outputs]` */
  readonly bias: Parameter | null;
  private readonly config: Required<Omit<Conv1dConfig, 'generator' | 'bias'>>;

  constructor(config: Conv1dConfig) {
    super();
    const {
      inputs,
      outputs,
      kernel,
      stride = 1,
      padding = 0,
      dilation = 1,
      groups = 1,
      bias = true,
      generator,
    } = requireOptions('Conv1d', config, 'an object such as { inputs: 4, outputs: 8, kernel: 3 }');
    const least = { inputs: 0, outputs: 0, kernel: 1, stride: 1, padding: 0, dilation: 1, groups: 1 };
    for (const [name, size] of Object.entries({ inputs, outputs, kernel, stride, padding, dilation, groups })) {
      const from = least[name as keyof typeof least];
      if (!(Number.isInteger(size) && size >= from))
        throw new ArgumentError('Conv1d', name, `a whole number of at least ${from}`, String(size));
    }
    if (inputs % groups !== 0 || outputs % groups !== 0) {
      throw new ArgumentError('Conv1d', 'groups', `a divisor of ${inputs} and ${outputs}`, String(groups));
    }
    this.config = { inputs, outputs, kernel, stride, padding, dilation, groups };
    const fanIn = (inputs / groups) * kernel;
    this.weight = new Parameter(fanInUniform([outputs, inputs / groups, kernel], fanIn, { generator }));
    this.bias = bias ? new Parameter(fanInUniform([outputs], fanIn, { generator })) : null;
  }

  override forward(x: Tensor): Tensor {
    const { inputs, outputs, kernel, stride, padding, dilation, groups } = this.config;
    requireDType('Conv1d', 'x', x, 'float32');
    if (x.rank !== 3 || x.shape[1] !== inputs)
      throw new ShapeError('Conv1d', 'x', `[batch, ${inputs}, time]`, show(x.shape));
    const padded = pad(x, [0, 0, padding], [0, 0, padding]);
    const [B, , T] = padded.shape;
    const steps = Math.floor((T - dilation * (kernel - 1) - 1) / stride) + 1;
    if (steps < 1)
      throw new ShapeError(
        'Conv1d',
        'x',
        `at least ${dilation * (kernel - 1) + 1 - 2 * padding} steps of time`,
        show(x.shape),
      );
    const taps = Array.from({ length: kernel }, (_, k) =>
      slice(padded, [null, null, [k * dilation, k * dilation + (steps - 1) * stride + 1, stride]]),
    );
    const windows = reshape(stack(taps, 2), [B, groups, (inputs / groups) * kernel, steps]);
    const weight = reshape(this.weight, [1, groups, outputs / groups, (inputs / groups) * kernel]);
    const y = reshape(matmul(weight, windows), [B, outputs, steps]);
    return this.bias === null ? y : add(y, reshape(this.bias, [outputs, 1]));
  }
}
