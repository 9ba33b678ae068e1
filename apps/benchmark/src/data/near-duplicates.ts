// Finds texts that say (nearly) the same: Jaccard similarity of their five-word shingles. Exact, not sampled.

/** How alike two texts must be to count as one, and how long a shingle is. */
export interface NearDuplicateOptions {
  /** Default 0.8. */
  readonly threshold?: number;
  /** Words in a shingle. Default 5. */
  readonly shingle?: number;
}

/** Which texts to keep, and what became of the others. */
export interface Deduplicated {
  /** Indices of the texts that are kept, ascending. */
  readonly kept: readonly number[];
  /** Texts whose words equal those of a kept text. */
  readonly exact: number;
  /** Texts that are only nearly a kept text. */
  readonly near: number;
}

/**
 * Keeps the first of every group of alike texts, so that no two kept texts reach the threshold.
 *
 * Candidates come from an inverted index over each text's rarest shingles (prefix filtering, Chaudhuri et al. 2006):
 * two sets of Jaccard ≥ t must share one of their `n − ⌈t·n⌉ + 1` rarest members, so that no pair is missed.
 */
export function dropNearDuplicates(
  texts: readonly string[],
  { threshold = 0.8, shingle = 5 }: NearDuplicateOptions = {},
): Deduplicated {
  const sets = rarestFirst(texts.map((text) => shingles(text, shingle)));
  const index = new Map<number, number[]>();
  const kept: number[] = [];
  let exact = 0;
  let near = 0;
  for (const [i, set] of sets.entries()) {
    const prefix = set.subarray(0, set.length - Math.ceil(threshold * set.length) + 1);
    const alike = mostAlike(set, prefix, index, sets, threshold);
    if (alike === 1) exact++;
    else if (alike > 0) near++;
    else {
      kept.push(i);
      for (const s of prefix) {
        const holders = index.get(s);
        if (holders === undefined) index.set(s, [i]);
        else holders.push(i);
      }
    }
  }
  return { kept, exact, near };
}

/** Jaccard similarity of two texts' shingles. */
export function similarity(a: string, b: string, { shingle = 5 }: NearDuplicateOptions = {}): number {
  const [x, y] = rarestFirst([shingles(a, shingle), shingles(b, shingle)]);
  return jaccard(x, y);
}

function mostAlike(
  set: Uint32Array,
  prefix: Uint32Array,
  index: ReadonlyMap<number, readonly number[]>,
  sets: readonly Uint32Array[],
  threshold: number,
): number {
  const candidates = new Set<number>();
  for (const s of prefix) for (const other of index.get(s) ?? []) candidates.add(other);
  let best = 0;
  for (const other of candidates) {
    const length = sets[other].length;
    if (Math.min(length, set.length) < threshold * Math.max(length, set.length)) continue;
    const alike = jaccard(set, sets[other]);
    if (alike >= threshold && alike > best) best = alike;
  }
  return best;
}

// Shingles as numbers: hashes of word numbers. A text shorter than a shingle is one shingle of its own.
function shingles(text: string, size: number): Set<number> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const hashes = words.map(hashOf);
  const found = new Set<number>();
  for (let start = 0; start <= Math.max(0, hashes.length - size); start++) {
    let high = 0x9e3779b9;
    let low = 0x85ebca6b;
    for (let i = start; i < Math.min(start + size, hashes.length); i++) {
      high = Math.imul(high ^ hashes[i], 0x01000193);
      low = Math.imul(low ^ (hashes[i] >>> 7) ^ (hashes[i] << 11), 0x27d4eb2f) ^ (low >>> 13);
    }
    // 53 bits: among some millions of shingles a collision is unlikely, and would move one similarity by a hair.
    found.add((high >>> 0) * 2_097_152 + (low >>> 11));
  }
  return found;
}

function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

// Renumbers shingles by how rare they are, so that sorted sets begin with their rarest members.
function rarestFirst(sets: readonly Set<number>[]): Uint32Array[] {
  const frequency = new Map<number, number>();
  for (const set of sets) for (const s of set) frequency.set(s, (frequency.get(s) ?? 0) + 1);
  const order = [...frequency].sort((a, b) => a[1] - b[1] || a[0] - b[0]);
  const rank = new Map(order.map(([s], r) => [s, r]));
  return sets.map((set) => Uint32Array.from(set, (s) => rank.get(s)!).sort());
}

function jaccard(a: Uint32Array, b: Uint32Array): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      shared++;
      i++;
      j++;
    } else if (a[i] < b[j]) i++;
    else j++;
  }
  return shared / (a.length + b.length - shared);
}
