// Adam and AdamW over all parameters of a group in one dispatch. Parameters and their state move into one buffer each;
// gradients are copied into one, since every backward pass makes new ones.
import type { AnyTensor } from '../../../tensor';
import type { AdamSettings, InPlaceKernels } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { bufferOf } from '../call';
import { denseOf } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { partSize } from '../webgpu-memory';
import { overMany } from './many';
import { moveTogether } from './side-by-side';
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

function numbersOf({ lr, beta1, beta2, eps, weightDecay, decoupled, step }: AdamSettings) {
  return {
    beta1: f32(beta1),
    beta2: f32(beta2),
    eps: f32(eps),
    l2: f32(decoupled ? 0 : weightDecay),
    keep: f32(decoupled ? 1 - lr * weightDecay : 1),
    rate: f32(lr / (1 - beta1 ** step)),
    correction: f32(Math.sqrt(1 - beta2 ** step)),
  };
}

/** A parameter with its gradient and state. */
type Entry = readonly [param: AnyTensor, grad: AnyTensor, m: AnyTensor, v: AnyTensor];

export function adam(device: WebGpuDevice): InPlaceKernels<GpuBuffer>['adam'] {
  return (params, grads, m, v, settings) => {
    const entries = params.map((param, i): Entry => [param, grads[i], m[i], v[i]]).filter(([param]) => param.size > 0);
    for (const group of bindable(device, entries)) {
      const [P, , M, V] = [0, 1, 2, 3].map((k) => group.map((entry) => entry[k]));
      if ([P, M, V].every((list) => moveTogether(device, list.map(wholeOf)))) inOne(device, group, settings);
      else severalAtOnce(device, group, settings);
    }
  };
}

/** The buffer that holds a tensor and nothing else, or null. */
function wholeOf(t: AnyTensor): GpuBuffer | null {
  const buffer = bufferOf(t);
  return t.offset === 0 && t.size === buffer.length ? buffer : null;
}

/** Entries in groups that one binding holds. */
function bindable(device: WebGpuDevice, entries: readonly Entry[]): Entry[][] {
  const groups: Entry[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const more = partSize(entry[0].size) * 4;
    if (bytes + more > device.largestBuffer) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(entry);
    bytes += more;
  }
  return groups;
}

function inOne(device: WebGpuDevice, group: readonly Entry[], settings: AdamSettings): void {
  const lengths = group.map(([param]) => param.size);
  const grads = device.allocateParts(lengths);
  group.forEach(([, grad], i) => {
    const from = denseOf(device, grad);
    device.copy(from.buffer, from.offset, grads[i], 0, lengths[i]);
    from.release();
  });
  const [param, , m, v] = group[0].map(bufferOf);
  const size = lengths.reduce((sum, length) => sum + partSize(length), 0);
  device.compute({
    key: 'adam over all',
    source: () => perElement(update('', () => 'i')),
    params: { size, ...numbersOf(settings) },
    // The first part's binding goes to the end of what they share.
    reads: { grad: grads[0] },
    writes: { param, m, v },
    groups: groupsFor(Math.ceil(size / LANES)),
  });
  for (const part of grads) device.free(part);
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
