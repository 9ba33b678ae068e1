// Scaled dot-product attention. Operands are read by their strides, masks too: nothing is copied, and memory grows with
// the number of tokens only.
import { ShapeError } from '../../../errors';
import type { FusedRows } from '../../../registry';
import type { AnyTensor } from '../../../tensor';
import { type FusedKernel, Laid } from '../../backend';
import { layoutLike } from '../../layout';
import { addressOf } from '../address';
import { BLOCK_KEYS, BLOCK_QUERIES, MAX_BLOCK, MAX_BLOCK_QUERIES, MAX_KEYS } from '../engine/attention-job';
import type { Engine } from '../engine/engine';
import { ATTENTION_GRAD_JOB, ATTENTION_JOB } from '../engine/protocol';
import { writeRandom } from './activations';

// Slots, as assembly/attention-tile.ts has them.
const OUT = 4;
const STATS = 5;
const STRIDES = 13;
const SCALE = 29;
const UNIT_QUERIES = 33;
const DROPS = 35;
const G = 42;
const [OUT_STRIDES, DQ_STRIDES, DK_STRIDES, DV_STRIDES] = [54, 57, 60, 63];

// Tiles: how many keys and queries fit a thread's scratch memory, by the length of a head.
const TILE_KEYS = 64;
const QUERIES = 192;
const WIDE = 440;
const WIDEST = 980;

// Products of a block smaller than this cost the BLAS more to call than to compute.
const BLAS_MULTIPLY_ADDS = 1 << 16;

// Up to as many queries keys and values aren't worth packing.
const FEW = 4;

/** softmax(q · kᵀ · scale + mask) · v, by tiles. */
export const attention = (engine: Engine): FusedKernel<FusedRows['scaledDotProductAttention'], number> => ({
  forward(inputs, _out, attrs, save) {
    const [B, H, T] = inputs[0].shape;
    const Dv = inputs[2].shape[3];
    const out = new Laid(engine.alloc(B * H * T * Dv * 4), layoutLike(inputs[0], [B, H, T, Dv]));
    const stats = save === null ? 0 : engine.alloc(B * H * T * 8);
    if (B * H * T * Dv > 0) attend(engine, inputs, attrs, out, stats);
    save?.(stats, B * H * T * 2);
    return out;
  },

  backward(g, { inputs, output, saved: [stats], attrs, needs }) {
    const [q, k, v, mask] = inputs;
    const [B, H, T] = q.shape;
    const [, heads, S] = k.shape;
    const made = [q, k, v].map((t) => new Laid(engine.alloc(t.size * 4), layoutLike(t, t.shape)));
    const [dq, dk, dv] = made;
    const dMask = mask !== undefined && needs[3] ? engine.alloc(B * H * T * S * 4) : 0;
    const deltas = engine.alloc(B * H * T * 4);
    writeOperands(engine, inputs, attrs);
    const { slots } = engine;
    slots[OUT] = addressOf(output);
    writeStrides(engine, OUT_STRIDES, output.strides);
    slots[STATS] = stats;
    slots[G] = addressOf(g);
    for (let axis = 0; axis < 4; axis++) slots[G + 1 + axis] = g.strides[axis] * 4;
    slots[G + 5] = deltas;
    slots[G + 6] = dq.buffer;
    slots[G + 7] = dk.buffer;
    slots[G + 8] = dv.buffer;
    writeStrides(engine, DQ_STRIDES, dq.strides);
    writeStrides(engine, DK_STRIDES, dk.strides);
    writeStrides(engine, DV_STRIDES, dv.strides);
    slots[G + 9] = dMask;
    engine.launch('attentionDeltas', B * H, g.size * 2);
    const cost = 3 * costOf(inputs, attrs.causal);
    if (dMask === 0 && isDense(g) && suitsBlas(engine, inputs)) {
      writeBlock(engine, inputs);
      engine.launchBlas(ATTENTION_GRAD_JOB, B * heads, cost / 4);
    } else engine.launch('attentionGrad', B * heads, cost);
    engine.free(deltas);
    const gradients = made.map((gradient, i) => {
      if (needs[i]) return gradient;
      engine.free(gradient.buffer);
      return null;
    });
    return mask === undefined ? gradients : [...gradients, dMask === 0 ? null : dMask];
  },
});

function attend(
  engine: Engine,
  inputs: readonly AnyTensor[],
  attrs: FusedRows['scaledDotProductAttention'],
  out: Laid<number>,
  stats: number,
): void {
  const [B, H, T] = inputs[0].shape;
  writeOperands(engine, inputs, attrs);
  const { slots } = engine;
  slots[OUT] = out.buffer;
  writeStrides(engine, OUT_STRIDES, out.strides);
  slots[STATS] = stats;
  if (T <= FEW && isDenseAlongHeads(inputs[1]) && isDenseAlongHeads(inputs[2])) {
    engine.launch('attentionFew', B * H, costOf(inputs, false));
  } else if (suitsBlas(engine, inputs)) {
    const queries = writeBlock(engine, inputs);
    engine.launchBlas(ATTENTION_JOB, B * H * Math.ceil(T / queries), costOf(inputs, attrs.causal) / 4);
  } else engine.launch('attention', B * H * Math.ceil(T / slots[UNIT_QUERIES]), costOf(inputs, attrs.causal));
}

function isDenseAlongHeads(t: AnyTensor): boolean {
  return t.strides[3] === 1 && t.shape[3] % 4 === 0;
}

// Whether the system's BLAS takes the products: blocks large enough for its calls, heads that lie as it reads them.
function suitsBlas(engine: Engine, [q, k, v]: readonly AnyTensor[]): boolean {
  if (!engine.hasBlas || ![q, k, v].every(isDense)) return false;
  const [T, D] = [q.shape[2], q.shape[3]];
  const S = k.shape[2];
  return S <= MAX_KEYS && Math.min(T, MAX_BLOCK_QUERIES) * S * D >= BLAS_MULTIPLY_ADDS && Math.min(T, D) >= 16;
}

// Rows that a leading dimension describes.
function isDense(t: AnyTensor): boolean {
  return t.strides[3] === 1 && t.strides[2] >= t.shape[3];
}

// The outer strides of a result, in bytes.
function writeStrides({ slots }: Engine, at: number, strides: readonly number[]): void {
  for (let axis = 0; axis < 3; axis++) slots[at + axis] = strides[axis] * 4;
}

// Queries of a block and floats between rows of scores, so that blocks fit a thread's scratch memory.
function writeBlock({ slots }: Engine, [q, k]: readonly AnyTensor[]): number {
  const ld = Math.ceil(k.shape[2] / 4) * 4;
  const queries = Math.min(q.shape[2], MAX_BLOCK_QUERIES, Math.floor(MAX_BLOCK / ld));
  slots[BLOCK_QUERIES] = queries;
  slots[BLOCK_KEYS] = ld;
  return queries;
}

// Simple operations of the forward pass, about.
function costOf([q, k, v]: readonly AnyTensor[], causal: boolean): number {
  const [B, H, T, D] = q.shape;
  return (B * H * T * k.shape[2] * ((D + v.shape[3]) / 8 + 4)) / (causal ? 2 : 1);
}

function writeOperands(
  engine: Engine,
  inputs: readonly AnyTensor[],
  attrs: FusedRows['scaledDotProductAttention'],
): void {
  const [q, k, v, mask] = inputs;
  const longest = Math.max(q.shape[3], v.shape[3]);
  if (longest > WIDEST)
    throw new ShapeError('scaledDotProductAttention', 'q', `heads of at most ${WIDEST}`, String(longest));
  const { slots, floats } = engine;
  for (let i = 0; i < 4; i++) {
    const t = i < inputs.length ? inputs[i] : null;
    slots[i] = t === null ? 0 : addressOf(t);
    for (let axis = 0; axis < 4; axis++) slots[STRIDES + 4 * i + axis] = t === null ? 0 : t.strides[axis] * 4;
  }
  slots[7] = q.shape[1];
  slots[8] = k.shape[1];
  slots[9] = q.shape[2];
  slots[10] = k.shape[2];
  slots[11] = q.shape[3];
  slots[12] = v.shape[3];
  floats[SCALE] = attrs.scale;
  slots[SCALE + 1] = attrs.causal ? 1 : 0;
  slots[SCALE + 2] = attrs.window ?? 0;
  slots[SCALE + 3] = mask?.dtype === 'bool' ? 1 : 0;
  slots[UNIT_QUERIES] = longest > WIDE ? 48 : QUERIES;
  slots[UNIT_QUERIES + 1] = longest > WIDE ? 16 : TILE_KEYS;
  slots[DROPS] = attrs.p > 0 ? 1 : 0;
  writeRandom(engine, DROPS + 1, attrs);
}
