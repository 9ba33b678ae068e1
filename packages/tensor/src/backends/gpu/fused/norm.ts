// layerNorm and rmsNorm over rows.
import type { AnyTensor } from '../../../tensor';
import type { FusedKernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import type { Device } from '../device';
import { denseOf } from '../view';
import { all, column, mapMatrix, matrixOf, row, sumColumns, walkRows } from './rows';

type Row = FusedKernel<{ readonly eps: number }, GpuBuffer>;

const sum = (expression: string, finish: string) => ({
  start: 'let total = 0;',
  steps: [`total += ${expression};`],
  finish,
});

/** The optional inputs, dense, in the order of the op. */
function denseAll(device: Device, inputs: readonly AnyTensor[]) {
  return inputs.map((t) => denseOf(device, t));
}

/** y = (x − mean) · rstd · w + b */
export function layerNorm(device: Device): Row {
  return {
    forward(inputs, _, { eps }, save) {
      const matrix = matrixOf(inputs[0].shape);
      const [x, ...affine] = denseAll(device, inputs);
      const mean = walkRows(device, 'mean', matrix, [all(x)], [], sum('a', `return total / ${matrix.width};`));
      const rstd = walkRows(
        device,
        'rstd',
        matrix,
        [all(x), row(mean)],
        [eps],
        sum('(a - b) * (a - b)', `return 1 / Math.sqrt(total / ${matrix.width} + s);`),
      );
      const scaled = ['(a - b) * c', '(a - b) * c * d', '(a - b) * c * d + e'][affine.length];
      const parts = [all(x), row(mean), row(rstd), ...affine.map(column)];
      const out = mapMatrix(device, 'layerNorm', matrix, parts, [], `return ${scaled};`);
      for (const buffer of [mean, rstd]) {
        if (save === null) device.free(buffer);
        else save(buffer, matrix.rows);
      }
      for (const t of [x, ...affine]) t.release();
      return out;
    },

    // With h = (x − mean) rstd and w g for g: dx = rstd (g − (Σ g + h Σ g h) / width)
    backward(gradient, { inputs, saved: [mean, rstd], needs }) {
      const matrix = matrixOf(inputs[0].shape);
      const [g, x] = denseAll(device, [gradient, inputs[0]]);
      const w = inputs.length > 1 ? denseOf(device, inputs[1]) : null;
      const scale = w === null ? [] : [column(w)];
      const own = w === null ? 'a' : 'a * e';
      const parts = [all(g), all(x), row(mean), row(rstd), ...scale];
      let dx: GpuBuffer | null = null;
      if (needs[0]) {
        const direct = w === null ? [all(g)] : [all(g), column(w)];
        const plain = walkRows(
          device,
          'norm sum',
          matrix,
          direct,
          [],
          sum(w === null ? 'a' : 'a * b', 'return total;'),
        );
        const along = walkRows(device, 'norm dot', matrix, parts, [], sum(`${own} * (b - c) * d`, 'return total;'));
        const both = mapMatrix(
          device,
          'norm pull',
          matrix,
          [all(x), row(mean), row(rstd), row(plain), row(along)],
          [1 / Math.max(matrix.width, 1)],
          'return (d + (a - b) * c * e) * s;',
        );
        const last = [all(g), all({ buffer: both, offset: 0 }), row(rstd), ...scale];
        const body = `return c * (${w === null ? 'a' : 'a * d'} - b);`;
        dx = mapMatrix(device, 'layerNorm gradient', matrix, last, [], body);
        for (const buffer of [plain, along, both]) device.free(buffer);
      }
      const dw = needs[1]
        ? sumColumns(device, 'norm weight', matrix, [all(g), all(x), row(mean), row(rstd)], [], 'a * (b - c) * d')
        : null;
      const db = needs[2] ? sumColumns(device, 'bias', matrix, [all(g)], [], 'a') : null;
      for (const t of [g, x]) t.release();
      w?.release();
      return [dx, dw, db].slice(0, inputs.length);
    },
  };
}

/** y = x · rstd · w, rstd = 1 / √(mean x² + eps) */
export function rmsNorm(device: Device): Row {
  return {
    forward(inputs, _, { eps }, save) {
      const matrix = matrixOf(inputs[0].shape);
      const [x, ...affine] = denseAll(device, inputs);
      const rstd = walkRows(
        device,
        'rms',
        matrix,
        [all(x)],
        [eps],
        sum('a * a', `return 1 / Math.sqrt(total / ${matrix.width} + s);`),
      );
      const scaled = affine.length === 0 ? 'a * b' : 'a * b * c';
      const parts = [all(x), row(rstd), ...affine.map(column)];
      const out = mapMatrix(device, 'rmsNorm', matrix, parts, [], `return ${scaled};`);
      if (save === null) device.free(rstd);
      else save(rstd, matrix.rows);
      for (const t of [x, ...affine]) t.release();
      return out;
    },

    // With w g for g: dx = rstd (g − x rstd² Σ g x / width)
    backward(gradient, { inputs, saved: [rstd], needs }) {
      const matrix = matrixOf(inputs[0].shape);
      const [g, x] = denseAll(device, [gradient, inputs[0]]);
      const w = inputs.length > 1 ? denseOf(device, inputs[1]) : null;
      const scale = w === null ? [] : [column(w)];
      let dx: GpuBuffer | null = null;
      if (needs[0]) {
        const dot = sum(w === null ? 'a * b' : 'a * b * c', 'return total;');
        const along = walkRows(device, 'rms dot', matrix, [all(g), all(x), ...scale], [], dot);
        const parts = [all(g), all(x), row(rstd), row(along), ...scale];
        const body = `return c * (${w === null ? 'a' : 'a * e'} - b * c * c * d * s);`;
        dx = mapMatrix(device, 'rmsNorm gradient', matrix, parts, [1 / Math.max(matrix.width, 1)], body);
        device.free(along);
      }
      const dw = needs[1]
        ? sumColumns(device, 'rms weight', matrix, [all(g), all(x), row(rstd)], [], 'a * b * c')
        : null;
      for (const t of [g, x]) t.release();
      w?.release();
      return [dx, dw].slice(0, inputs.length);
    },
  };
}
