// gelu, silu and dropout: one pass over the data forward, one backward.
import type { FusedRows } from '../../../registry';
import type { AnyTensor } from '../../../tensor';
import type { FusedKernel } from '../../backend';
import type { Engine } from '../engine/engine';
import { BINARY, mapBinary, mapUnary, UNARY } from '../kernels/elementwise';
import { CHUNK, denseAddress, release } from '../kernels/layout';

/** x Φ(x), or its approximation by tanh. */
export const gelu = (engine: Engine): FusedKernel<FusedRows['gelu'], number> => ({
  forward: ([x], _out, { approximate }) => mapUnary(engine, approximate === 'none' ? UNARY.gelu : UNARY.geluTanh, x),
  backward: (g, { inputs: [x], attrs: { approximate } }) => [
    mapBinary(engine, approximate === 'none' ? BINARY.geluSlope : BINARY.geluTanhSlope, g, x),
  ],
});

/** x σ(x). */
export const silu = (engine: Engine): FusedKernel<FusedRows['silu'], number> => ({
  forward: ([x]) => mapUnary(engine, UNARY.silu, x),
  backward: (g, { inputs: [x] }) => [mapBinary(engine, BINARY.siluSlope, g, x)],
});

/** Elements dropped by their number in the random stream; the gradient is dropped in the same places. */
export const dropout = (engine: Engine): FusedKernel<FusedRows['dropout'], number> => ({
  forward: ([x], _out, attrs) => drop(engine, x, attrs),
  backward: (g, { attrs }) => [drop(engine, g, attrs)],
});

function drop(engine: Engine, x: AnyTensor, attrs: FusedRows['dropout']): number {
  const out = engine.alloc(x.size * 4);
  if (x.size === 0) return out;
  const from = denseAddress(engine, x);
  const { slots } = engine;
  slots[0] = from;
  slots[1] = out;
  slots[2] = x.size;
  slots[3] = CHUNK;
  writeRandom(engine, 4, attrs);
  engine.launch('dropout', Math.ceil(x.size / CHUNK), x.size * 6);
  release(engine, x, from);
  return out;
}

/** Writes six slots: limit, scale of what is kept, seed, offset. */
export function writeRandom(engine: Engine, at: number, attrs: FusedRows['dropout']): void {
  const { slots, floats } = engine;
  slots[at] = Math.floor(attrs.p * 2 ** 32);
  floats[at + 1] = 1 / (1 - attrs.p);
  slots[at + 2] = attrs.seedLo;
  slots[at + 3] = attrs.seedHi;
  slots[at + 4] = attrs.offsetLo;
  slots[at + 5] = attrs.offsetHi;
}
