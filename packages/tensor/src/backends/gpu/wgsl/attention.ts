// Fused attention: one dispatch forward, two back, memory linear in the number of tokens. Outputs and gradients lie in
// memory as the inputs do, so that merging heads, and the projections' gradients, need no copy.
import type { AttentionAttrs } from '../../../fused/attention';
import type { AnyTensor } from '../../../tensor';
import { type FusedKernel, Laid } from '../../backend';
import { layoutLike } from '../../layout';
import type { GpuBuffer } from '../buffer';
import { bufferOf } from '../call';
import type { WebGpuDevice } from '../webgpu-device';
import type { Compute } from '../wgsl-shader';
import { BLOCK, forwardSource, keyGradientSource, queryGradientSource, type Shape, STATS } from './attention-source';
import { dropoutParams } from './dropout';
import { f32, groupsFor, i32, LANES } from './snippets';

/** The widest head that a thread's registers hold. */
const WIDEST = 128;

/** Everything that the three kernels have in common. */
interface Plan {
  readonly shape: Shape;
  readonly key: string;
  readonly params: Compute['params'];
  readonly reads: Compute['reads'];
  readonly rows: number;
  /** Blocks of queries, and of keys. */
  readonly queries: number;
  readonly keys: number;
}

/** A tensor's strides as parameters `name0` … `name3`. */
function strides(name: string, t: AnyTensor | undefined): Compute['params'] {
  return Object.fromEntries(t === undefined ? [] : t.strides.map((stride, i) => [`${name}${i}`, stride]));
}

/** The outer strides as parameters; the innermost is 1. */
function outer(name: string, strides: readonly number[]): Compute['params'] {
  return Object.fromEntries(strides.slice(0, 3).map((stride, i) => [`${name}${i}`, stride]));
}

function planOf(inputs: readonly AnyTensor[], attrs: AttentionAttrs): Plan {
  const [q, k, v, mask] = inputs;
  const [B, H, T, D] = q.shape;
  const [, G, S] = k.shape;
  const V = v.shape[3];
  const shape: Shape = {
    D4: Math.max(Math.ceil(D / 4), 1),
    V4: Math.max(Math.ceil(V / 4), 1),
    mask: mask === undefined ? 'none' : mask.dtype === 'bool' ? 'bool' : 'float',
    dropout: attrs.p > 0,
  };
  return {
    shape,
    key: Object.values(shape).join(),
    rows: B * H * T,
    queries: B * H * Math.ceil(T / BLOCK),
    keys: B * G * Math.ceil(S / BLOCK),
    params: {
      ...{ B, H, T, S, D, V, R: H / G },
      scale: f32(attrs.scale),
      causal: attrs.causal ? 1 : 0,
      window: i32(attrs.window ?? 0),
      qAt: q.offset,
      kAt: k.offset,
      vAt: v.offset,
      ...strides('q', q),
      ...strides('k', k),
      ...strides('v', v),
      ...(mask === undefined ? {} : { maskAt: mask.offset, ...strides('m', mask) }),
      ...(attrs.p > 0 ? dropoutParams(attrs) : {}),
    },
    reads: {
      q: bufferOf(q),
      k: bufferOf(k),
      v: bufferOf(v),
      ...(mask === undefined ? {} : { mask: bufferOf(mask) }),
    },
  };
}

/** The pair of kernels; heads that are too wide, and gradients of masks, go the portable way. */
export function attention(
  device: WebGpuDevice,
  portable: FusedKernel<AttentionAttrs, GpuBuffer>,
): FusedKernel<AttentionAttrs, GpuBuffer> {
  const fits = ([q, k, v]: readonly AnyTensor[]): boolean =>
    Math.max(q.shape[3], v.shape[3]) <= WIDEST && q.size > 0 && k.size > 0 && v.size > 0;

  return {
    forward(inputs, out, attrs, save) {
      if (!fits(inputs)) return portable.forward(inputs, out, attrs, save);
      const plan = planOf(inputs, attrs);
      const y = device.allocate(out.shape.reduce((a, b) => a * b, 1));
      const stats = device.allocate(plan.rows * 2);
      const layout = layoutLike(inputs[0], out.shape);
      device.compute({
        key: `attention ${plan.key}`,
        source: () => forwardSource(plan.shape),
        params: { ...plan.params, ...outer('y', layout) },
        reads: plan.reads,
        writes: { y, stats },
        groups: groupsFor(plan.queries),
      });
      if (save === null) device.free(stats);
      else save(stats, plan.rows * 2);
      return new Laid(y, layout);
    },

    backward(gradient, context) {
      const { inputs, output, saved, attrs, needs } = context;
      if (!fits(inputs) || needs[3]) return portable.backward(gradient, context);
      const plan = planOf(inputs, attrs);
      const [stats] = saved;
      const g = bufferOf(gradient);
      const y = bufferOf(output);
      const sums = device.allocate(plan.rows * 3);
      const made = inputs.slice(0, 3).map((t) => new Laid(device.allocate(t.size), layoutLike(t, t.shape)));
      const [dq, dk, dv] = made;
      const above = { gAt: gradient.offset, ...strides('g', gradient), ...outer('y', output.strides) };
      // Written by dq's kernel itself where all its buffers can be bound.
      const writesSums = Object.keys(plan.reads).length + 5 <= device.bindings;
      if (!writesSums) {
        device.compute({
          key: 'attention sums',
          source: () => STATS,
          params: { size: plan.rows, H: plan.params['H'], T: plan.params['T'], V: plan.params['V'], ...above },
          reads: { g, y, stats },
          writes: { sums },
          groups: groupsFor(Math.ceil(plan.rows / LANES)),
        });
      }
      device.compute({
        key: `attention queries ${plan.key} ${writesSums}`,
        source: () => queryGradientSource(plan.shape, writesSums),
        params: { ...plan.params, ...above, ...outer('dq', dq.strides) },
        reads: { ...plan.reads, g, ...(writesSums ? { y, stats } : { sums }) },
        writes: { dq: dq.buffer, ...(writesSums ? { sums } : {}) },
        groups: groupsFor(plan.queries),
      });
      device.compute({
        key: `attention keys ${plan.key}`,
        source: () => keyGradientSource(plan.shape),
        params: { ...plan.params, ...above, ...outer('dk', dk.strides), ...outer('dv', dv.strides) },
        reads: { ...plan.reads, g, sums },
        writes: { dk: dk.buffer, dv: dv.buffer },
        groups: groupsFor(plan.keys),
      });
      device.free(sums);
      return inputs.map((_, i) => {
        const gradientOf = made[i] ?? null;
        if (gradientOf === null || needs[i]) return gradientOf;
        device.free(gradientOf.buffer);
        return null;
      });
    },
  };
}
