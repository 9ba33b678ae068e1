// gelu, silu, dropout and linear: one kernel over the data, or one behind the matrix product.

import type { GeluAttrs } from '../../../fused/activations';
import type { DropoutAttrs } from '../../../fused/dropout';
import type { Activation } from '../../../fused/linear';
import { randomBits } from '../../../random';
import type { AnyTensor } from '../../../tensor';
import type { FusedKernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import type { Device } from '../device';
import { activate, derivative } from '../kernels/activation';
import { mapElements, mapViews } from '../kernels/elementwise';
import type { Product } from '../kernels/product';
import { denseAs, denseOf, viewOf } from '../view';
import { all, matrixOf, sumColumns } from './rows';

function unary<Attrs>(device: Device, which: (attrs: Attrs) => Activation): FusedKernel<Attrs, GpuBuffer> {
  return {
    forward([x], _, attrs) {
      const activation = which(attrs);
      return mapElements(device, activation, [x], [], `const x = a;\n${activate(activation)}`);
    },
    backward(g, { inputs: [x], attrs }) {
      const activation = which(attrs);
      const body = `const g = a;\nconst x = b;\n${derivative(activation)}`;
      return [mapElements(device, `${activation} gradient`, [g, x], [], body)];
    },
  };
}

export function gelu(device: Device): FusedKernel<GeluAttrs, GpuBuffer> {
  return unary(device, ({ approximate }) => (approximate === 'tanh' ? 'geluTanh' : 'gelu'));
}

export function silu(device: Device): FusedKernel<object, GpuBuffer> {
  return unary(device, () => 'silu');
}

/** 1/(1−p) where an element stays, else 0: drawn on the host, since gpu.js kernels have no integers. */
export function uploadMask(device: Device, attrs: DropoutAttrs, size: number): GpuBuffer {
  const limit = Math.floor(attrs.p * 2 ** 32);
  const kept = 1 / (1 - attrs.p);
  return device.upload(Float32Array.from(randomBits(attrs, size), (u) => (u >= limit ? kept : 0)));
}

export function dropout(device: Device): FusedKernel<DropoutAttrs, GpuBuffer> {
  const masked = (x: AnyTensor, attrs: DropoutAttrs): GpuBuffer => {
    const mask = uploadMask(device, attrs, x.size);
    const out = mapViews(device, 'mul', x.shape, [viewOf(x), denseAs(mask, x.shape)], [], 'return a * b;');
    device.free(mask);
    return out;
  };
  return {
    forward: ([x], _, attrs) => masked(x, attrs),
    backward: (g, { attrs }) => [masked(g, attrs)],
  };
}

/** y = f(x · Wᵀ + b). Saves what f was applied to. */
export function linear(device: Device, product: Product): FusedKernel<{ readonly activation: Activation }, GpuBuffer> {
  return {
    forward([x, weight, bias], _, { activation }, save) {
      const { rows, width } = matrixOf(x.shape);
      const outputs = weight.shape[0];
      const from = denseOf(device, x);
      const transposed = { ...viewOf(weight), strides: [weight.strides[1], weight.strides[0]] };
      const keepsInput = save !== null && activation !== 'none';
      const y = product([], [rows, width, outputs], denseAs(from.buffer, [rows, width], from.offset), transposed, {
        bias: bias === undefined ? null : viewOf(bias),
        activation: keepsInput ? 'none' : activation,
      });
      from.release();
      if (!keepsInput) return y;
      save(y, rows * outputs);
      const shape = [rows * outputs];
      return mapViews(device, activation, shape, [denseAs(y, shape)], [], `const x = a;\n${activate(activation)}`);
    },

    backward(gradient, { inputs: [x, weight], saved: [before], attrs: { activation }, needs }) {
      const { rows, width } = matrixOf(x.shape);
      const outputs = weight.shape[0];
      const [dy, from] = [denseOf(device, gradient), denseOf(device, x)];
      let g = denseAs(dy.buffer, [rows, outputs], dy.offset);
      if (activation !== 'none') {
        const views = [g, denseAs(before, [rows, outputs])];
        const body = `const g = a;\nconst x = b;\n${derivative(activation)}`;
        const buffer = mapViews(device, `${activation} gradient`, [rows, outputs], views, [], body);
        g = denseAs(buffer, [rows, outputs]);
      }
      const dx = needs[0] ? product([], [rows, outputs, width], g, viewOf(weight)) : null;
      const flipped = { ...g, strides: [1, outputs] };
      const data = denseAs(from.buffer, [rows, width], from.offset);
      const dw = needs[1] ? product([], [outputs, rows, width], flipped, data) : null;
      const db = needs[2] ? sumColumns(device, 'bias', { rows, width: outputs }, [all(g)], [], 'a') : null;
      if (g.buffer !== dy.buffer) device.free(g.buffer);
      dy.release();
      from.release();
      return [dx, dw, db].slice(0, needs.length);
    },
  };
}
