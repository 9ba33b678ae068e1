// Attention out of gpu.js kernels. It writes the weights out, [B, H, T, S]: the portable way, and no more than that.
import type { AttentionAttrs } from '../../../fused/attention';
import type { AnyTensor } from '../../../tensor';
import type { FusedKernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { Call } from '../call';
import type { Device } from '../device';
import { mapViews } from '../kernels/elementwise';
import { exp, raise } from '../kernels/not-a-number';
import type { Product } from '../kernels/product';
import { sumView } from '../kernels/reductions';
import { sourceOf, threadsOf } from '../threads';
import { denseAs, denseOf, type View, viewOf } from '../view';
import { uploadMask } from './activations';
import { all, walkRows } from './rows';

/** The least float: every score but −∞ is as great. */
export const LEAST = -3.4028234663852886e38;

/** Sizes; query heads come as G groups of R. */
interface Sizes {
  readonly B: number;
  readonly G: number;
  readonly R: number;
  readonly T: number;
  readonly S: number;
  readonly D: number;
  readonly V: number;
}

function sizesOf(q: AnyTensor, k: AnyTensor, v: AnyTensor): Sizes {
  const [B, H, T, D] = q.shape;
  const G = k.shape[1];
  return { B, G, R: H / G, T, S: k.shape[2], D, V: v.shape[3] };
}

/** Strides over [B, G, R, …] of a tensor with all heads. */
function grouped(t: AnyTensor, R: number): View {
  const [b, h, ...rest] = t.strides;
  return { ...viewOf(t), strides: [b, h * R, h, ...rest] };
}

/** Strides over [B, G, R, …] of a tensor with one head a group; the last two axes swapped where asked. */
function shared(t: AnyTensor, swap: boolean): View {
  const [b, g, i, j] = t.strides;
  return { ...viewOf(t), strides: swap ? [b, g, 0, j, i] : [b, g, 0, i, j] };
}

/** q·kᵀ·scale with what may not be seen at −∞, [B, H, T, S]. */
function scores(
  device: Device,
  product: Product,
  { B, G, R, T, S, D }: Sizes,
  inputs: readonly AnyTensor[],
  attrs: AttentionAttrs,
): GpuBuffer {
  const [q, k, , mask] = inputs;
  const raw = product([B, G, R], [T, D, S], grouped(q, R), shared(k, true));
  const threads = threadsOf(device.mode, [B, G * R, T, S]);
  const { causal, window } = attrs;
  const call = new Call(device, 'attention mask').note(mask?.dtype, causal, window, S - T);
  const x = call.buffer(raw, denseAs(raw, [B, G * R, T, S]).strides, 0, threads.index);
  const m = mask === undefined ? null : call.tensor(mask, threads.index);
  const [scale, nothing] = [call.float(attrs.scale), call.float(Number.NEGATIVE_INFINITY)];
  const out = call.run(threads, () => {
    const [query, key] = threads.index.slice(2).map(sourceOf);
    const [i, j] = [`(${query} + ${S - T})`, key];
    const hidden = [
      ...(causal ? [`${j} > ${i}`] : []),
      ...(window === null ? [] : [`${j} < ${i} - ${window - 1}`]),
      ...(window === null || causal ? [] : [`${j} > ${i} + ${window - 1}`]),
      ...(mask?.dtype === 'bool' && m !== null ? [`${m.at(threads.index)} < 0.5`] : []),
    ];
    return [
      ...hidden.map((condition) => `if (${condition}) { return ${nothing}; }`),
      `return ${x.at(threads.index)} * ${scale}${mask?.dtype === 'float32' && m !== null ? ` + ${m.at(threads.index)}` : ''};`,
    ].join('\n');
  });
  device.free(raw);
  return out;
}

/** The greatest score of each row, and 1 / Σ e^(score − greatest), which is 0 where there is nothing to see: [rows, 2]. */
function statsOf(device: Device, rows: number, S: number, from: GpuBuffer): GpuBuffer {
  const threads = threadsOf(device.mode, [rows, 2]);
  const [row, which] = threads.index;
  const call = new Call(device, 'attention stats').note(S);
  const x = call.buffer(from, [S, 1], 0, [row]);
  const least = call.float(LEAST);
  return call.run(threads, () => {
    const each = (body: string): string =>
      `for (let k = 0; k < ${S}; k++) {\nconst x = ${x.at([row, 'k'])};\n${body}\n}`;
    return [
      `let top = ${least};`,
      each(raise('top', 'x')),
      `if (${sourceOf(which)} < 1) { return top; }`,
      'let total = 0;',
      each(`const d = x - top;${exp('e', 'd')}\ntotal += e;`),
      'if (total == 0) { return 0; }',
      'return 1 / total;',
    ].join('\n');
  });
}

/** e^(score − greatest) / Σ: the weights, 0 in rows that see nothing. */
function weights(device: Device, rows: number, S: number, from: GpuBuffer, stats: GpuBuffer): GpuBuffer {
  const along = (offset: number): View => ({ buffer: stats, strides: [2, 0], offset });
  const views = [denseAs(from, [rows, S]), along(0), along(1)];
  return mapViews(device, 'attention weights', [rows, S], views, [], `const d = a - b;${exp('e', 'd')}\nreturn e * c;`);
}

function times(device: Device, a: GpuBuffer, mask: GpuBuffer, size: number): GpuBuffer {
  return mapViews(device, 'mul', [size], [denseAs(a, [size]), denseAs(mask, [size])], [], 'return a * b;');
}

/** The pair of kernels. */
export function attention(device: Device, product: Product): FusedKernel<AttentionAttrs, GpuBuffer> {
  return {
    forward(inputs, _, attrs, save) {
      const [q, k, v] = inputs;
      const sizes = sizesOf(q, k, v);
      const { B, G, R, T, S, V } = sizes;
      const rows = B * G * R * T;
      const seen = scores(device, product, sizes, inputs, attrs);
      const stats = statsOf(device, rows, S, seen);
      let p = weights(device, rows, S, seen, stats);
      device.free(seen);
      if (attrs.p > 0) {
        const mask = uploadMask(device, attrs, rows * S);
        const kept = times(device, p, mask, rows * S);
        for (const buffer of [p, mask]) device.free(buffer);
        p = kept;
      }
      const y = product([B, G, R], [T, S, V], denseAs(p, [B, G, R, T, S]), shared(v, false));
      device.free(p);
      if (save === null) device.free(stats);
      else save(stats, rows * 2);
      return y;
    },

    // dV = Pᵀ g · dS = P (g Vᵀ − Σ g y) · dQ = dS K scale · dK = dSᵀ Q scale
    backward(gradient, { inputs, output, saved: [stats], attrs, needs }) {
      const [q, k, v] = inputs;
      const sizes = sizesOf(q, k, v);
      const { B, G, R, T, S, D, V } = sizes;
      const rows = B * G * R * T;
      const batch = [B, G, R];
      const [g, y] = [denseOf(device, gradient), denseOf(device, output)];
      const dy = denseAs(g.buffer, [B, G, R, T, V], g.offset);
      const seen = scores(device, product, sizes, inputs, attrs);
      const p = weights(device, rows, S, seen, stats);
      device.free(seen);
      const mask = attrs.p > 0 ? uploadMask(device, attrs, rows * S) : null;
      const square = (buffer: GpuBuffer): View => denseAs(buffer, [B, G, R, T, S]);
      const flipped = (buffer: GpuBuffer): View => ({
        ...square(buffer),
        strides: [G * R * T * S, R * T * S, T * S, 1, S],
      });

      const gradients: (GpuBuffer | null)[] = inputs.map(() => null);
      if (needs[2]) {
        const dropped = mask === null ? p : times(device, p, mask, rows * S);
        gradients[2] = overGroup(device, product(batch, [S, T, V], flipped(dropped), dy), sizes, V);
        if (dropped !== p) device.free(dropped);
      }
      if (needs[0] || needs[1] || needs[3]) {
        let dp = product(batch, [T, V, S], dy, shared(v, true));
        if (mask !== null) {
          const before = dp;
          dp = times(device, before, mask, rows * S);
          device.free(before);
        }
        const dot = walkRows(device, 'attention dot', { rows, width: V }, [all(g), all(y)], [], {
          start: 'let total = 0;',
          steps: ['total += a * b;'],
          finish: 'return total;',
        });
        const views = [denseAs(p, [rows, S]), denseAs(dp, [rows, S]), { buffer: dot, strides: [1, 0], offset: 0 }];
        const ds = mapViews(device, 'attention slope', [rows, S], views, [], 'return a * (b - c);');
        for (const buffer of [dp, dot]) device.free(buffer);
        const scaled = needs[0] || needs[1] ? scale(device, ds, attrs.scale, rows * S) : ds;
        if (needs[0]) gradients[0] = product(batch, [T, S, D], square(scaled), shared(k, false));
        if (needs[1]) {
          gradients[1] = overGroup(device, product(batch, [S, T, D], flipped(scaled), grouped(q, R)), sizes, D);
        }
        if (scaled !== ds) device.free(scaled);
        if (needs[3]) gradients[3] = ds;
        else device.free(ds);
      }
      device.free(p);
      if (mask !== null) device.free(mask);
      g.release();
      y.release();
      return gradients;
    },
  };
}

function scale(device: Device, x: GpuBuffer, by: number, size: number): GpuBuffer {
  return mapViews(device, 'scaled', [size], [denseAs(x, [size])], [by], 'return a * s;');
}

/** Keys and values that a group shares get the sum over its heads. */
function overGroup(device: Device, each: GpuBuffer, { B, G, R, S }: Sizes, width: number): GpuBuffer {
  if (R === 1) return each;
  const shape = [B * G, R, S * width];
  const total = sumView(device, shape, denseAs(each, shape), [1]);
  device.free(each);
  return total;
}
