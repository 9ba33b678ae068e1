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
  // From the start of the program to the end of the first step.
  cold: { batch: 32, tokens: 64, dim: 64, heads: 4, layers: 2, outputs: 2 },
  // GPT-2's smallest: 124 million parameters, the head being the embedding's table. Writes `length` tokens after `prompt`.
  gpt2: { batch: 1, tokens: 1024, dim: 768, heads: 12, layers: 12, vocabulary: 50257, prompt: 32, length: 32 },
  // The same as a checkpoint on the disk: half a gigabyte.
  load: { tokens: 1024, dim: 768, heads: 12, layers: 12, vocabulary: 50257 },
};

/** Names and shapes of all parameters, in the order that numbers them. Without `outputs` there is no head. */
export function parameters({ tokens, dim, layers, outputs, vocabulary = VOCABULARY }) {
  const list = [
    ['tok', [vocabulary, dim]],
    ['pos', [tokens, dim]],
  ];
  for (let i = 0; i < layers; i++) {
    const own = { n1w: [dim], n1b: [dim], qkvw: [3 * dim, dim], qkvb: [3 * dim], ow: [dim, dim], ob: [dim] };
    const rest = { n2w: [dim], n2b: [dim], upw: [4 * dim, dim], upb: [4 * dim], downw: [dim, 4 * dim], downb: [dim] };
    for (const [name, shape] of Object.entries({ ...own, ...rest })) list.push([`${i}.${name}`, shape]);
  }
  list.push(['normw', [dim]], ['normb', [dim]]);
  if (outputs !== undefined) list.push(['headw', [outputs, dim]], ['headb', [outputs]]);
  return list;
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

/** The prompt of the generating workload. */
export function promptOf({ prompt, vocabulary }) {
  return Array.from({ length: prompt }, (_, i) => hash(i + 123_456_789) % vocabulary);
}

/** Position of the largest number. */
export function likeliest(logits) {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}

/** Measures `generate`, which continues the prompt greedily: milliseconds a token, the prompt's time among them. */
export async function reportGeneration({ load, length, seconds }, generate) {
  let ids = [];
  const times = await timed(async () => {
    ids = await generate();
  }, seconds);
  report(
    load,
    'generate',
    times.map((t) => t / length),
    ids.slice(0, 8),
  );
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

/** Milliseconds by the clock that the suite was told to use: the processor's ignores what else the machine does. */
export function now() {
  if (process.env['HEDDLE_BENCH_CLOCK'] !== 'processor') return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

// What takes longer than this is run once to warm up and once to measure: the rounds repeat it.
const SLOW_MS = 5000;

/**
 * Runs a function for some seconds, at least three times, once it is warm: what a process that goes on running sees. The
 * compilers of JavaScript and WebAssembly are done with the shortest workloads after some hundred runs only.
 */
export async function timed(run, seconds) {
  const first = performance.now();
  await run();
  const slow = performance.now() - first > SLOW_MS;
  if (!slow) {
    do await run();
    while (performance.now() < first + seconds * 500);
  }
  const times = [];
  const end = performance.now() + seconds * 1000;
  while (times.length < (slow ? 1 : 3) || (performance.now() < end && times.length < 400)) {
    const start = now();
    await run();
    times.push(now() - start);
  }
  return times.sort((a, b) => a - b);
}

/** Prints one measurement for the suite. `check` are numbers that every peer must agree on; `work` is flops or bytes. */
export function report(workload, mode, times, check, work = {}) {
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const [medianMs, minMs, maxMs] = [times[times.length >> 1], times[0], times.at(-1)];
  console.log(
    JSON.stringify({ workload, mode, medianMs, minMs, maxMs, runs: times.length, peakBytes, check, ...work }),
  );
}
