// softmax and logSoftmax over rows: greatest, sum, result.
import type { None } from '../../../define';
import type { AnyTensor } from '../../../tensor';
import type { FusedKernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import type { Device } from '../device';
import { exp, raise } from '../kernels/not-a-number';
import { type Dense, denseOf } from '../view';
import { all, mapMatrix, matrixOf, row, walkRows } from './rows';

/** The greatest of each row. */
export function rowMax(device: Device, x: Dense, shape: readonly number[]): GpuBuffer {
  // There is no literal for −∞; the least float32 loses against every other number.
  return walkRows(device, 'row max', matrixOf(shape), [all(x)], [-3.4028234663852886e38], {
    start: 'let top = s;',
    steps: [raise('top', 'a')],
    finish: 'return top;',
  });
}

type Row = FusedKernel<None, GpuBuffer>;

function pair(device: Device, name: string, result: string, dot: string, gradient: string): Row {
  return {
    forward([x]) {
      const matrix = matrixOf(x.shape);
      const from = denseOf(device, x);
      const top = rowMax(device, from, x.shape);
      const sum = walkRows(device, 'row sum of exp', matrix, [all(from), row(top)], [], {
        start: 'let total = 0;',
        steps: [`const d = a - b;${exp('e', 'd')}\ntotal += e;`],
        finish: 'return total;',
      });
      const out = mapMatrix(device, name, matrix, [all(from), row(top), row(sum)], [], result);
      for (const buffer of [top, sum]) device.free(buffer);
      from.release();
      return out;
    },
    backward(g: AnyTensor, { output }) {
      const matrix = matrixOf(output.shape);
      const [dy, y] = [denseOf(device, g), denseOf(device, output)];
      const sum = walkRows(device, `${name} dot`, matrix, [all(dy), all(y)], [], {
        start: 'let total = 0;',
        steps: [`total += ${dot};`],
        finish: 'return total;',
      });
      const dx = mapMatrix(device, `${name} gradient`, matrix, [all(dy), all(y), row(sum)], [], gradient);
      device.free(sum);
      for (const part of [dy, y]) part.release();
      return [dx];
    },
  };
}

/** dx = y (g − Σ g y) */
export function softmax(device: Device): Row {
  return pair(device, 'softmax', `const d = a - b;${exp('e', 'd')}\nreturn e / c;`, 'a * b', 'return b * (a - c);');
}

/** dx = g − eʸ Σ g */
export function logSoftmax(device: Device): Row {
  return pair(
    device,
    'logSoftmax',
    'if (c > 0) { return (a - b) - Math.log(c); }\nreturn (a - b) * c;',
    'a',
    `${exp('e', 'b')}\nreturn a - e * c;`,
  );
}
