// The matrix product as a gpu.js kernel, one thread an element: the portable way, and the only one on webgl2.
import type { Activation } from '../../../fused/linear';
import type { Kernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { Call } from '../call';
import type { Device } from '../device';
import { collapse, threadsOf } from '../threads';
import { type View, viewOf } from '../view';
import { activate } from './activation';

/** What is done to each sum before it is written. */
export interface Epilogue {
  /** Added along the columns. */
  readonly bias: View | null;
  readonly activation: Activation;
}

/** Rows, inner size, columns. */
export type Sizes = readonly [M: number, K: number, N: number];

/** Computes `a · b`: `[…batch, M, K]` by `[…batch, K, N]`, both with any strides. */
export type Product = (batch: readonly number[], sizes: Sizes, a: View, b: View, epilogue?: Epilogue) => GpuBuffer;

/** Makes the portable product. */
export function portableProduct(device: Device): Product {
  return (batch, [M, K, N], a, b, epilogue) => {
    const rank = batch.length;
    const joined = collapse(batch, [a.strides.slice(0, rank), b.strides.slice(0, rank)]);
    if (batch.includes(0) || M === 0 || N === 0) return device.upload(new Float32Array(0));
    const threads = threadsOf(device.mode, [...joined.shape, M, N]);
    const outer = threads.index.slice(0, -2);
    const [row, column] = threads.index.slice(-2);
    const [down, across] = [
      [...outer, row, 'k'],
      [...outer, 'k', column],
    ];
    const call = new Call(device, 'product').note(K, epilogue?.activation);
    const left = call.buffer(a.buffer, [...joined.strides[0], ...a.strides.slice(rank)], a.offset, down);
    const right = call.buffer(b.buffer, [...joined.strides[1], ...b.strides.slice(rank)], b.offset, across);
    const bias = epilogue?.bias
      ? call.buffer(epilogue.bias.buffer, epilogue.bias.strides, epilogue.bias.offset, [column])
      : null;
    return call.run(threads, () => {
      return [
        'let total = 0;',
        `for (let k = 0; k < ${K}; k++) {`,
        `total += ${left.at(down)} * ${right.at(across)};`,
        '}',
        `const x = total${bias === null ? '' : ` + ${bias.at([column])}`};`,
        activate(epilogue?.activation ?? 'none'),
      ].join('\n');
    });
  };
}

/** The table's row, on any product. */
export function matmul(product: Product): Kernel<object, GpuBuffer> {
  return ([a, b]) =>
    product(
      a.shape.slice(0, -2),
      [a.shape[a.rank - 2], a.shape[a.rank - 1], b.shape[b.rank - 1]],
      viewOf(a),
      viewOf(b),
    );
}
