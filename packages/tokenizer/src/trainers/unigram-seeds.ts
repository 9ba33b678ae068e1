// The pieces that unigram training starts from: all characters, and the substrings that occur more than once.

/** A piece with a count or a log-probability. */
export interface Piece {
  readonly text: string;
  readonly score: number;
}

const BORDER = 0;
/** Suffixes that agree for so long go by their places: a run of one letter would take time that grows with its square. */
const SORT_DEPTH = 256;

/** All words as one column of code points, each followed by a border. */
function flatten(words: Iterable<string>): Int32Array {
  const points: number[] = [];
  for (const word of words) {
    for (const char of word) points.push(char.codePointAt(0) as number);
    points.push(BORDER);
  }
  return Int32Array.from(points);
}

/**
 * Substrings of 2 to `longest` characters that occur at least twice, each as long as its occurrences allow: the inner
 * nodes of the suffix tree, read off the sorted suffixes. Every different word counts once.
 */
function repeats(points: Int32Array, longest: number): { start: number; length: number; count: number }[] {
  const suffixes = new Int32Array(points.length);
  let n = 0;
  for (let i = 0; i < points.length; i++) if (points[i] !== BORDER) suffixes[n++] = i;
  const depth = Math.max(SORT_DEPTH, longest + 1);
  const sorted = suffixes.subarray(0, n).sort((a, b) => {
    for (let i = a, j = b; ; i++, j++) {
      const order = (points[i] as number) - (points[j] as number);
      if (order !== 0) return order;
      if (points[i] === BORDER || i === a + depth) return a - b;
    }
  });
  // Length that neighbours share, their border included: such a repeat ends its words, and is no piece of its own.
  // Nor is one that is longer than the longest, by however much.
  const shared = (a: number, b: number): number => {
    let length = 0;
    while (length <= longest && points[a + length] === points[b + length]) if (points[a + length++] === BORDER) break;
    return length;
  };
  const found: { start: number; length: number; count: number }[] = [];
  const stack: { length: number; from: number }[] = [];
  for (let i = 1; i <= n; i++) {
    const length = i < n ? shared(sorted[i - 1] as number, sorted[i] as number) : 0;
    let from = i - 1;
    for (let top = stack.at(-1); top !== undefined && top.length > length; top = stack.at(-1)) {
      stack.pop();
      from = top.from;
      const start = sorted[top.from] as number;
      if (top.length >= 2 && top.length <= longest && points[start + top.length - 1] !== BORDER)
        found.push({ start, length: top.length, count: i - top.from });
    }
    const top = stack.at(-1);
    if (length > 0 && (top === undefined || top.length < length)) stack.push({ length, from });
  }
  return found;
}

const descending = (a: string, b: string): number => (a < b ? 1 : a > b ? -1 : 0);

/** Seeds with log-probabilities, characters first. */
export function seedPieces(words: ReadonlyMap<string, number>, longest: number, limit: number): Piece[] {
  const chars = new Map<string, number>();
  for (const [word, count] of words)
    for (const char of word) if (char !== '\0') chars.set(char, (chars.get(char) ?? 0) + count);
  const seeds: Piece[] = [...chars].map(([text, score]) => ({ text, score }));
  seeds.sort((a, b) => b.score - a.score || descending(a.text, b.text));
  const points = flatten(words.keys());
  const ranked = repeats(points, longest);
  ranked.sort((a, b) => b.count * b.length - a.count * a.length || a.start - b.start);
  for (const { start, length, count } of ranked) {
    if (seeds.length >= limit) break;
    const text = String.fromCodePoint(...points.subarray(start, start + length));
    seeds.push({ text, score: count * length });
  }
  let sum = 0;
  for (const { score } of seeds) sum += score;
  const logSum = Math.log(sum);
  return seeds.map(({ text, score }) => ({ text, score: Math.log(score) - logSum }));
}
