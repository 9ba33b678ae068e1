// What the tests of packed weights, 8 bits and 16, have in common: sizes off every tile, engines, numbers of threads.
import { expect } from 'vitest';
import type { InitOptions, Tensor } from '../../src/index';
import { init } from '../../src/init';

/** Rows, outputs, inputs. */
export const sizes = [
  [1, 1, 1],
  [1, 33, 70],
  [2, 40, 64],
  [5, 9, 7],
  [8, 64, 100],
  [9, 65, 31],
  [40, 700, 300],
  [3, 5, 0],
  [0, 5, 8],
] as const;

/** Engines that products are held to the reference on. */
export const engines: readonly (readonly [name: string, options: InitOptions])[] = [
  ['plain, one thread', { simd: 'plain', threads: 1, blas: 'off' }],
  ['best, two threads', { threads: 2, blas: 'off' }],
  ['through the BLAS where there is one', { threads: 2, blas: 'auto' }],
];

/** Holds the bytes of what `products` computes on 2 and on 4 threads to those on one. */
export async function expectSameOnThreads(products: () => readonly Tensor[]): Promise<void> {
  const bytesOn = async (threads: number): Promise<Uint8Array[]> => {
    await init({ threads, blas: 'off', seed: 1 });
    return Promise.all(products().map(async (y) => new Uint8Array((await y.data()).slice().buffer)));
  };
  const one = await bytesOn(1);
  expect(await bytesOn(2)).toEqual(one);
  expect(await bytesOn(4)).toEqual(one);
}
