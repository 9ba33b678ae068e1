// softmax and logSoftmax: one workgroup a row, one dispatch each way.
import type { None } from '../../../define';
import type { FusedKernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { matrixOf } from '../fused/rows';
import { denseOf } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { groupsFor, LANES, perRow } from './snippets';

const ALONG = `for (var k = lane; k < p.width; k += ${LANES}u)`;

/** e^x / Σ e^x, or its logarithm. */
export function softmax(device: WebGpuDevice, isLog: boolean): FusedKernel<None, GpuBuffer> {
  const name = isLog ? 'logSoftmax' : 'softmax';
  return {
    forward([input]) {
      const { rows, width } = matrixOf(input.shape);
      const x = denseOf(device, input);
      const y = device.allocate(rows * width);
      if (rows * width > 0) {
        device.compute({
          key: name,
          source: () =>
            perRow(`
  let start = p.xAt + row * p.width;
  var most = x[start];
  ${ALONG} { most = max(most, x[start + k]); }
  let top = maxAcross(lane, most);
  var sum = 0.0;
  ${ALONG} { sum += expOf(x[start + k] - top); }
  let total = sumAcross(lane, sum);
  ${ALONG} {
    let d = x[start + k] - top;
    y[row * p.width + k] = ${isLog ? 'd - logOf(total)' : 'expOf(d) / total'};
  }`),
          params: { rows, width, xAt: x.offset },
          reads: { x: x.buffer },
          writes: { y },
          groups: groupsFor(rows),
        });
      }
      x.release();
      return y;
    },

    // softmax: y (g − Σ g y); logSoftmax: g − eʸ Σ g
    backward(gradient, { output }) {
      const { rows, width } = matrixOf(output.shape);
      const [g, y] = [denseOf(device, gradient), denseOf(device, output)];
      const dx = device.allocate(rows * width);
      if (rows * width > 0) {
        device.compute({
          key: `${name} gradient`,
          source: () =>
            perRow(`
  let above = p.gAt + row * p.width;
  let start = p.yAt + row * p.width;
  var sum = 0.0;
  ${ALONG} { sum += g[above + k]${isLog ? '' : ' * y[start + k]'}; }
  let total = sumAcross(lane, sum);
  ${ALONG} {
    dx[row * p.width + k] = ${isLog ? 'g[above + k] - expOf(y[start + k]) * total' : 'y[start + k] * (g[above + k] - total)'};
  }`),
          params: { rows, width, gAt: g.offset, yAt: y.offset },
          reads: { g: g.buffer, y: y.buffer },
          writes: { dx },
          groups: groupsFor(rows),
        });
      }
      for (const part of [g, y]) part.release();
      return [dx];
    },
  };
}
