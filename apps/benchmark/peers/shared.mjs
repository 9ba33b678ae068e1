// What every peer's process has in common: the workloads, their weights and inputs (the same numbers in each), timing.
import { parseArgs } from 'node:util';

export const VOCABULARY = 8192;

/** The encoder classifiers and the decoder of the speed suite: pre-norm, feed-forward of 4 · dim, exact gelu. */
export const WORKLOADS = {
  tiny: { batch: 32, tokens: 64, dim: 64, heads: 4, layers: 2, outputs: 2 },
  small: { batch: 32, tokens: 128, dim: 128, heads: 4, layers: 4, outputs: 2 },
  base: { batch: 8, tokens: 256, dim: 256, heads: 8, layers: 6, outputs: 2 },
  decoder: { batch: 16, tokens: 256, dim: 256, heads: 8, layers: 6, outputs: VOCABULARY, causal: true },
  bert: { batch: 8, tokens: 128, dim: 768, heads: 12, layers: 12, outputs: 2 },
};

/** Names and shapes of all parameters, in the order that numbers them. */
export function parameters({ tokens, dim, layers, outputs }) {
  const list = [
    ['tok', [VOCABULARY, dim]],
    ['pos', [tokens, dim]],
  ];
  for (let i = 0; i < layers; i++) {
    const own = { n1w: [dim], n1b: [dim], qkvw: [3 * dim, dim], qkvb: [3 * dim], ow: [dim, dim], ob: [dim] };
    const rest = { n2w: [dim], n2b: [dim], upw: [4 * dim, dim], upb: [4 * dim], downw: [dim, 4 * dim], downb: [dim] };
    for (const [name, shape] of Object.entries({ ...own, ...rest })) list.push([`${i}.${name}`, shape]);
  }
  return [...list, ['normw', [dim]], ['normb', [dim]], ['headw', [outputs, dim]], ['headb', [outputs]]];
}

// The finaliser of MurmurHash3: numbers that any language makes alike, without a file.
function hash(x) {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The values of parameter number `p`: uniform, scaled as its kind asks for. */
export function values(p, name, shape) {
  const size = shape.reduce((a, b) => a * b, 1);
  const kind = name.split('.').at(-1);
  const isNorm = kind.startsWith('n') && shape.length === 1;
  const scale = kind === 'tok' ? 1 : shape.length === 2 && kind !== 'pos' ? 1 / Math.sqrt(shape[1]) : 0.1;
  const shift = isNorm && kind.endsWith('w') ? 1 : 0;
  const out = new Float32Array(size);
  for (let i = 0; i < size; i++) out[i] = shift + scale * (hash(Math.imul(i + 1, 0x9e3779b1) + p * 7919) / 2 ** 31 - 1);
  return out;
}

/** Token ids [batch, tokens]. */
export function inputs({ batch, tokens }) {
  return Int32Array.from({ length: batch * tokens }, (_, i) => hash(i + 123_456_789) % VOCABULARY);
}

/** Classes [batch], or for the decoder the next tokens [batch · tokens]. */
export function targets(workload) {
  const ids = inputs(workload);
  if (workload.causal) return ids.map((_, i) => ids[(i + 1) % ids.length]);
  return Int32Array.from({ length: workload.batch }, (_, i) => i & 1);
}

/** The flags of a peer's process. */
export function flags(more = {}) {
  const { values: given } = parseArgs({
    options: {
      load: { type: 'string', default: 'tiny' },
      modes: { type: 'string', default: 'train,infer,infer1' },
      threads: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '1' },
      ...more,
    },
  });
  const modes = given.modes.split(',');
  return { ...given, modes, threads: Number(given.threads), seconds: Number(given.seconds), ...WORKLOADS[given.load] };
}

/** Runs a function for some seconds, at least three times after two to warm up. */
export async function timed(run, seconds) {
  await run();
  await run();
  const times = [];
  const end = performance.now() + seconds * 1000;
  while (times.length < 3 || (performance.now() < end && times.length < 400)) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b);
}

/** Prints one measurement for the suite. `check` are numbers that every peer must agree on. */
export function report(workload, mode, times, check) {
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const [medianMs, minMs, maxMs] = [times[times.length >> 1], times[0], times.at(-1)];
  console.log(JSON.stringify({ workload, mode, medianMs, minMs, maxMs, runs: times.length, peakBytes, check }));
}
