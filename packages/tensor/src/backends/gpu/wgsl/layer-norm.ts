// layerNorm: one workgroup a row forward and back, one thread a column for weight and bias.
import type { FusedKernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { matrixOf } from '../fused/rows';
import { type Dense, denseOf } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { sumColumnsOf } from './columns';
import { f32, groupsFor, LANES, perRow } from './snippets';

const ALONG = `for (var k = lane; k < p.width; k += ${LANES}u)`;

/** The affine inputs that are there, as reads and offsets of a kernel. */
function affine(parts: readonly Dense[]) {
  const names = ['weight', 'bias'].slice(0, parts.length);
  return {
    reads: Object.fromEntries(names.map((name, i) => [name, parts[i].buffer])),
    params: Object.fromEntries(names.map((name, i) => [`${name}At`, parts[i].offset])),
    weight: parts.length > 0 ? ' * weight[p.weightAt + k]' : '',
    bias: parts.length > 1 ? ' + bias[p.biasAt + k]' : '',
  };
}

/** y = (x − mean) · rstd · w + b. Saves mean and rstd of each row, side by side. */
export function layerNorm(device: WebGpuDevice): FusedKernel<{ readonly eps: number }, GpuBuffer> {
  return {
    forward(inputs, _, { eps }, save) {
      const { rows, width } = matrixOf(inputs[0].shape);
      const [x, ...rest] = inputs.map((t) => denseOf(device, t));
      const y = device.allocate(rows * width);
      const stats = device.allocate(rows * 2);
      const { reads, params, weight, bias } = affine(rest);
      if (rows * width > 0) {
        device.compute({
          key: `layerNorm ${rest.length}`,
          source: () =>
            perRow(`
  let start = p.xAt + row * p.width;
  var sum = 0.0;
  ${ALONG} { sum += x[start + k]; }
  let mean = sumAcross(lane, sum) / f32(p.width);
  var squares = 0.0;
  ${ALONG} { let d = x[start + k] - mean; squares += d * d; }
  let rstd = inverseSqrt(sumAcross(lane, squares) / f32(p.width) + p.eps);
  ${ALONG} { y[row * p.width + k] = (x[start + k] - mean) * rstd${weight}${bias}; }
  if (lane == 0u) { stats[row * 2u] = mean; stats[row * 2u + 1u] = rstd; }`),
          params: { rows, width, xAt: x.offset, eps: f32(eps), ...params },
          reads: { x: x.buffer, ...reads },
          writes: { y, stats },
          groups: groupsFor(rows),
        });
      }
      if (save === null) device.free(stats);
      else save(stats, rows * 2);
      for (const part of [x, ...rest]) part.release();
      return y;
    },

    // With h = (x − mean) rstd and w g for g: dx = rstd (g − (Σ g + h Σ g h) / width)
    backward(gradient, { inputs, saved: [stats], needs }) {
      const { rows, width } = matrixOf(inputs[0].shape);
      const [g, x, ...rest] = [gradient, inputs[0], ...inputs.slice(1, 2)].map((t) => denseOf(device, t));
      let dx: GpuBuffer | null = null;
      if (needs[0]) {
        dx = device.allocate(rows * width);
        const { reads, params, weight } = affine(rest);
        if (rows * width > 0) {
          device.compute({
            key: `layerNorm gradient ${rest.length}`,
            source: () =>
              perRow(`
  let mean = stats[row * 2u];
  let rstd = stats[row * 2u + 1u];
  let start = p.xAt + row * p.width;
  let above = p.gAt + row * p.width;
  var plain = 0.0;
  var along = 0.0;
  ${ALONG} {
    let d = g[above + k]${weight};
    plain += d;
    along += d * (x[start + k] - mean) * rstd;
  }
  let a = sumAcross(lane, plain) / f32(p.width);
  let b = sumAcross(lane, along) / f32(p.width);
  ${ALONG} {
    let h = (x[start + k] - mean) * rstd;
    dx[row * p.width + k] = rstd * (g[above + k]${weight} - a - h * b);
  }`),
            params: { rows, width, xAt: x.offset, gAt: g.offset, ...params },
            reads: { g: g.buffer, x: x.buffer, stats, ...reads },
            writes: { dx },
            groups: groupsFor(rows),
          });
        }
      }
      const columns = sumColumnsOf(device, { rows, width }, g, needs[1] === true ? { x, stats } : null);
      const dw = needs[1] ? columns.scaled : null;
      const db = needs[2] ? columns.plain : null;
      if (dw === null && columns.scaled !== null) device.free(columns.scaled);
      if (db === null) device.free(columns.plain);
      for (const part of [g, x, ...rest]) part.release();
      return [dx, dw, db].slice(0, inputs.length);
    },
  };
}
