// Adam and AdamW over all parameters of a group in one dispatch. Parameters and their state move into one buffer each.
// Every backward pass makes new gradients: they are copied into one, unless clipping has moved them already.
import type { AdamSettings, InPlaceKernels } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { bufferOf } from '../call';
import { coefficientsOf, type Entry, entriesOf } from '../kernels/adam';
import { groupsWithin, moveTogether, spanOf, together, wholeOf } from '../side-by-side';
import type { WebGpuDevice } from '../webgpu-device';
import type { Parameter } from '../wgsl-shader';
import { overMany } from './many';
import { f32, groupsFor, LANES, perElement } from './snippets';

/** One element's step; `n` and `at` say how the arrays are named and indexed. */
const update = (n: number | '', at: (name: string) => string): string => `
      let w = param${n}[${at('param')}];
      let d = grad${n}[${at('grad')}] + p.l2 * w;
      let first = p.beta1 * m${n}[${at('m')}] + (1.0 - p.beta1) * d;
      let second = p.beta2 * v${n}[${at('v')}] + (1.0 - p.beta2) * d * d;
      m${n}[${at('m')}] = first;
      v${n}[${at('v')}] = second;
      param${n}[${at('param')}] = w * p.keep - p.rate * first / (sqrt(second) / p.correction + p.eps);`;

function numbersOf(settings: AdamSettings): Record<string, Parameter> {
  return Object.fromEntries(Object.entries(coefficientsOf(settings)).map(([name, value]) => [name, f32(value)]));
}

export function adam(device: WebGpuDevice): InPlaceKernels<GpuBuffer>['adam'] {
  return (params, grads, m, v, settings) => {
    for (const group of groupsWithin(entriesOf(params, grads, m, v), device.largestBuffer / 4)) {
      const [P, , M, V] = [0, 1, 2, 3].map((k) => group.map((entry) => entry[k]));
      if ([P, M, V].every((list) => moveTogether(device, list.map(wholeOf), true))) inOne(device, group, settings);
      else severalAtOnce(device, group, settings);
    }
  };
}

function inOne(device: WebGpuDevice, group: readonly Entry[], settings: AdamSettings): void {
  const grads = together(
    device,
    group.map(([, grad]) => grad),
  );
  const [param, , m, v] = group[0].map(bufferOf);
  const size = spanOf(group.map(([param]) => param));
  device.compute({
    key: 'adam over all',
    source: () => perElement(update('', () => 'i')),
    params: { size, ...numbersOf(settings) },
    // A part's binding goes to the end of what they share.
    reads: { grad: grads.all },
    writes: { param, m, v },
    groups: groupsFor(Math.ceil(size / LANES)),
  });
  grads.release();
}

/** Where parameters can't lie together: parts of larger tensors, or others than the last time. */
function severalAtOnce(device: WebGpuDevice, group: readonly Entry[], settings: AdamSettings): void {
  overMany(
    device,
    [0, 1, 2, 3].map((k) => group.map((entry) => entry[k])),
    {
      key: 'adam',
      names: ['param', 'grad', 'm', 'v'],
      written: ['param', 'm', 'v'],
      body: (n) => `if (i < size) {${update(n, (name) => `p.at_${name}${n} + i`)}\n    }`,
      params: numbersOf(settings),
    },
  );
}
