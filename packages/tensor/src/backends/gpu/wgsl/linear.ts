// linear on our own products: the bias, the activation and the bias's gradient ride along.
import type { Activation } from '../../../fused/linear';
import type { FusedKernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { matrixOf } from '../fused/rows';
import { derivative } from '../kernels/activation';
import { mapViews } from '../kernels/elementwise';
import { denseAs, denseOf, viewOf } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { LONGEST, multiply, type Variant } from './matmul';

type Row = FusedKernel<{ readonly activation: Activation }, GpuBuffer>;

/** y = f(x · Wᵀ + b). The portable row takes over where the products can't, as with nothing to multiply. */
export function linear(device: WebGpuDevice, variant: Variant, portable: Row): Row {
  return {
    forward(inputs, out, attrs, save) {
      const [x, weight, bias] = inputs;
      const { rows, width } = matrixOf(x.shape);
      const outputs = weight.shape[0];
      const keeps = save !== null && attrs.activation !== 'none';
      const data = denseOf(device, x);
      const made = multiply(
        device,
        variant,
        [],
        [rows, width, outputs],
        denseAs(data.buffer, [rows, width], data.offset),
        { ...viewOf(weight), strides: [weight.strides[1], weight.strides[0]] },
        keeps ? 'before' : 'none',
        { bias: bias === undefined ? null : viewOf(bias), activation: attrs.activation },
      );
      data.release();
      if (made === null) return portable.forward(inputs, out, attrs, save);
      if (save !== null && made.extra !== null) save(made.extra, rows * outputs);
      return made.y;
    },

    backward(gradient, context) {
      const { inputs, saved, attrs, needs } = context;
      const [x, weight] = inputs;
      const { rows, width } = matrixOf(x.shape);
      const outputs = weight.shape[0];
      const isOut = rows * width * outputs === 0 || Math.max(rows, width, outputs) > LONGEST;
      if (isOut) return portable.backward(gradient, context);
      const [dy, data] = [denseOf(device, gradient), denseOf(device, x)];
      let g = denseAs(dy.buffer, [rows, outputs], dy.offset);
      if (attrs.activation !== 'none') {
        const body = `const g = a;\nconst x = b;\n${derivative(attrs.activation)}`;
        const views = [g, denseAs(saved[0], [rows, outputs])];
        const name = `${attrs.activation} gradient`;
        g = denseAs(mapViews(device, name, [rows, outputs], views, [], body), [rows, outputs]);
      }
      const from = denseAs(data.buffer, [rows, width], data.offset);
      const flipped = { ...g, strides: [1, outputs] };
      const dx = needs[0] ? multiply(device, variant, [], [rows, outputs, width], g, viewOf(weight), 'none') : null;
      // The sums along the rows of gᵀ are the bias's gradient.
      const down = needs[2] ? 'rowSums' : 'none';
      const dw =
        needs[1] || needs[2] ? multiply(device, variant, [], [outputs, rows, width], flipped, from, down) : null;
      if (dw !== null && !needs[1]) device.free(dw.y);
      if (g.buffer !== dy.buffer) device.free(g.buffer);
      dy.release();
      data.release();
      return [dx?.y ?? null, needs[1] ? (dw?.y ?? null) : null, dw?.extra ?? null].slice(0, needs.length);
    },
  };
}
