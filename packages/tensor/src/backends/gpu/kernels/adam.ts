// Adam and AdamW out of gpu.js kernels, which have one output each.
import type { AnyTensor } from '../../../tensor';
import type { AdamSettings, InPlaceKernels } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { bufferOf, Call } from '../call';
import type { Device } from '../device';
import { PART } from '../parts';
import {
  groupsWithin,
  MOST_TOGETHER,
  moveTogether,
  replaceTogether,
  sizeTogether,
  together,
  wholeOf,
} from '../side-by-side';
import { threadsOf } from '../threads';
import { update } from './update';

type Adam = InPlaceKernels<GpuBuffer>['adam'];

/** A parameter with its gradient and state. */
export type Entry = readonly [param: AnyTensor, grad: AnyTensor, m: AnyTensor, v: AnyTensor];

/** What of the lists belongs together, empty parameters left out. */
export function entriesOf(...[params, grads, m, v]: readonly (readonly AnyTensor[])[]): Entry[] {
  return params.map((param, i): Entry => [param, grads[i], m[i], v[i]]).filter(([param]) => param.size > 0);
}

/** The numbers that a step multiplies with: `l2` is decay by the gradient, `keep` what decoupled decay leaves. */
export function coefficientsOf({ lr, beta1, beta2, eps, weightDecay, decoupled, step }: AdamSettings) {
  return {
    beta1,
    beta2,
    eps,
    l2: decoupled ? 0 : weightDecay,
    keep: decoupled ? 1 - lr * weightDecay : 1,
    rate: lr / (1 - beta1 ** step),
    correction: Math.sqrt(1 - beta2 ** step),
  };
}

/** One kernel for all parameters: its output is all of `m`, then `v`, then the parameters, which move into one buffer. */
export function adam(device: Device): Adam {
  return (params, grads, m, v, settings) => {
    const most = Math.min(MOST_TOGETHER, device.largestBuffer / 12);
    for (const group of groupsWithin(entriesOf(params, grads, m, v), most)) {
      const states = [2, 3, 0].flatMap((k) => group.map((entry) => entry[k]));
      // One parameter alone may be larger than that.
      const fits = sizeTogether(states) <= 3 * most;
      if (fits && moveTogether(device, states.map(wholeOf), true)) updateAll(device, group, states, settings);
      else for (const entry of group) updateOne(device, entry, settings);
    }
  };
}

function updateAll(
  device: Device,
  group: readonly Entry[],
  states: readonly AnyTensor[],
  settings: AdamSettings,
): void {
  const size = sizeTogether(group.map(([param]) => param));
  const grads = together(
    device,
    group.map(([, grad]) => grad),
  );
  const threads = threadsOf(device.mode, [3, size / PART, PART]);
  const [section, ...place] = threads.index;
  const call = new Call(device, 'adam over all');
  const state = call.buffer(bufferOf(states[0]), [size, PART, 1]);
  const grad = call.buffer(grads.all, [PART, 1]);
  const { beta1, beta2, eps, l2, keep, rate, correction } = coefficientsOf(settings);
  const [b1, b2, e, d, k, r, c] = [beta1, beta2, eps, l2, keep, rate, correction].map((number) => call.float(number));
  const result = call.run(
    threads,
    () => `
const w = ${state.at(['2', ...place])};
const g = ${grad.at(place)} + ${d} * w;
const m = ${b1} * ${state.at(['0', ...place])} + (1 - ${b1}) * g;
if (${section} < 1) { return m; }
const v = ${b2} * ${state.at(['1', ...place])} + (1 - ${b2}) * g * g;
if (${section} < 2) { return v; }
return w * ${k} - ${r} * m / (Math.sqrt(v) / ${c} + ${e});`,
  );
  grads.release();
  replaceTogether(device, states, result);
}

/** Three kernels for a parameter. */
function updateOne(device: Device, [param, grad, m, v]: Entry, settings: AdamSettings): void {
  const { beta1, beta2, eps, l2, keep, rate, correction } = coefficientsOf(settings);
  const gradient = 'const g = b + t * c;';
  update(device, m, 'adam m', [grad, param], [beta1, l2], `${gradient} return s * a + (1 - s) * g;`);
  update(device, v, 'adam v', [grad, param], [beta2, l2], `${gradient} return s * a + (1 - s) * g * g;`);
  const moved = 'return a * s - t * b / (Math.sqrt(c) / u + v);';
  update(device, param, 'adam p', [m, v], [keep, rate, correction, eps], moved);
}
