// Cuts rows into parts that keep the share of each label. The same seed gives the same cut.
import type { LabelledText } from '@heddle/trainer';
import { shuffle } from 'simple-statistics';

/** Splits off `share` of each label's rows. Both parts come back shuffled. */
export function stratifiedSplit<Row extends LabelledText>(
  rows: readonly Row[],
  { share, seed }: { readonly share: number; readonly seed: number },
): { readonly rest: Row[]; readonly part: Row[] } {
  const random = seededRandom(seed);
  const byLabel = new Map<string, Row[]>();
  for (const row of rows) {
    const group = byLabel.get(row.label);
    if (group === undefined) byLabel.set(row.label, [row]);
    else group.push(row);
  }
  const rest: Row[] = [];
  const part: Row[] = [];
  for (const label of [...byLabel.keys()].sort()) {
    const mixed = shuffle(byLabel.get(label)!, random);
    const cut = Math.round(mixed.length * share);
    part.push(...mixed.slice(0, cut));
    rest.push(...mixed.slice(cut));
  }
  return { rest: shuffle(rest, random), part: shuffle(part, random) };
}

/** A seeded stream of numbers in [0, 1): mulberry32. For cutting data only; models draw from the tensor's generator. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
