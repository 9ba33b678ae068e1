// From a row of logits to probabilities, to what filters leave of them, and to a token. Pure functions on the host.
import type { ChoiceOptions } from './choice';

/** Tokens that may be drawn, and how likely each is: the probabilities sum to one. */
export interface Distribution {
  readonly ids: Int32Array;
  readonly probabilities: Float64Array;
}

/** log Σ exp(logits): what is taken off a logit to get its log probability. */
export function logNormalizer(logits: Float32Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) if (logits[i] > top) top = logits[i];
  if (top === Number.NEGATIVE_INFINITY) return top;
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i] - top);
  return top + Math.log(total);
}

/** log softmax, rounded to float32. */
export function logSoftmax(logits: Float32Array): Float32Array {
  const shift = logNormalizer(logits);
  const out = new Float32Array(logits.length);
  for (let i = 0; i < out.length; i++) out[i] = logits[i] - shift;
  return out;
}

/** The likeliest token; of equals the first. */
export function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id;
  return best;
}

/** The `count` highest scores' tokens, highest first; of equals the first. Those at −∞ are none. */
export function highest(scores: Float32Array, count: number): Int32Array {
  const kept = candidates(scores, threshold(scores, count));
  return order(kept, scores).subarray(0, Math.min(count, kept.length));
}

/** What temperature and filters leave of a row of logits. */
export function distribution(logits: Float32Array, options: ChoiceOptions): Distribution {
  const { temperature = 1, topK, topP, minP, typicalP } = options;
  const scaled = temperature === 1 ? logits : cooled(logits, temperature);
  let ids = topK === undefined ? candidates(scaled, Number.NEGATIVE_INFINITY) : highest(scaled, topK);
  let probabilities = softmaxOf(ids, scaled);
  const keep = (kept: Int32Array): void => {
    ids = kept;
    probabilities = softmaxOf(ids, scaled);
  };
  if (topP !== undefined) keep(nucleus(ids, probabilities, scaled, topP));
  if (minP !== undefined) {
    const floor = minP * probabilities.reduce((a, b) => Math.max(a, b), 0);
    keep(ids.filter((_, i) => probabilities[i] >= floor));
  }
  if (typicalP !== undefined) keep(typical(ids, probabilities, typicalP));
  return { ids, probabilities };
}

/** Logits by temperature. The likeliest becomes 0: however cold it is, it stays a number. */
function cooled(logits: Float32Array, temperature: number): Float32Array {
  const top = logits[likeliest(logits)];
  return logits.map((x) => (x - top) / temperature);
}

/** The token at a place of the cumulated probabilities. */
export function pick({ ids, probabilities }: Distribution, uniform: number): number {
  let left = uniform;
  for (let i = 0; i < ids.length; i++) {
    left -= probabilities[i];
    if (left < 0) return ids[i];
  }
  return ids[likeliestPlace(probabilities)];
}

/** The probability of a token. */
export function probabilityOf({ ids, probabilities }: Distribution, id: number): number {
  const at = ids.indexOf(id);
  return at < 0 ? 0 : probabilities[at];
}

function likeliestPlace(probabilities: Float64Array): number {
  let best = 0;
  for (let i = 1; i < probabilities.length; i++) if (probabilities[i] > probabilities[best]) best = i;
  return best;
}

function softmaxOf(ids: Int32Array, logits: Float32Array): Float64Array {
  let top = Number.NEGATIVE_INFINITY;
  for (const id of ids) if (logits[id] > top) top = logits[id];
  const out = new Float64Array(ids.length);
  let total = 0;
  for (let i = 0; i < ids.length; i++) total += out[i] = Math.exp(logits[ids[i]] - top);
  for (let i = 0; i < out.length; i++) out[i] /= total;
  return out;
}

/** The likeliest that together reach a share. Only so many are sorted as are needed. */
function nucleus(ids: Int32Array, probabilities: Float64Array, logits: Float32Array, share: number): Int32Array {
  const top = probabilities.reduce((a, b) => Math.max(a, b), 0);
  for (const ratio of [1e-3, 1e-6, 0]) {
    const some: number[] = [];
    let mass = 0;
    for (let i = 0; i < ids.length; i++) {
      if (probabilities[i] < ratio * top) continue;
      some.push(i);
      mass += probabilities[i];
    }
    if (mass < share && ratio > 0) continue;
    some.sort((a, b) => logits[ids[b]] - logits[ids[a]] || ids[a] - ids[b]);
    return Int32Array.from(reaching(some, probabilities, share), (i) => ids[i]);
  }
  return ids;
}

/** Those whose surprise is near the expected one, up to a share. */
function typical(ids: Int32Array, probabilities: Float64Array, share: number): Int32Array {
  let entropy = 0;
  for (const p of probabilities) if (p > 0) entropy -= p * Math.log(p);
  const away = probabilities.map((p) => Math.abs(-Math.log(p) - entropy));
  const places = Array.from(ids.keys()).sort((a, b) => away[a] - away[b] || ids[a] - ids[b]);
  return Int32Array.from(reaching(places, probabilities, share), (i) => ids[i]);
}

/** The first of `places` that together reach a share. */
function reaching(places: readonly number[], probabilities: Float64Array, share: number): readonly number[] {
  let reached = 0;
  const end = places.findIndex((i) => {
    reached += probabilities[i];
    return reached >= share;
  });
  return end < 0 ? places : places.slice(0, end + 1);
}

/** Places with at least this score that are possible at all, in their order. */
function candidates(scores: Float32Array, least: number): Int32Array {
  const out = new Int32Array(scores.length);
  let count = 0;
  for (let i = 0; i < scores.length; i++)
    if (scores[i] >= least && scores[i] > Number.NEGATIVE_INFINITY) out[count++] = i;
  return out.subarray(0, count);
}

function order(ids: Int32Array, scores: Float32Array): Int32Array {
  return ids.sort((a, b) => scores[b] - scores[a] || a - b);
}

/** The `count`-th highest score: the least that may be among the highest. A heap of the highest so far, lowest first. */
function threshold(scores: Float32Array, count: number): number {
  if (count >= scores.length) return Number.NEGATIVE_INFINITY;
  const heap = scores.slice(0, count).sort();
  for (let i = count; i < scores.length; i++) {
    const value = scores[i];
    if (!(value > heap[0])) continue;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && heap[child + 1] < heap[child]) child++;
      if (heap[child] >= value) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = value;
  }
  return heap[0];
}
