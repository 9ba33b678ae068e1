// The most frequent words, the smaller ones first among equals.

/**
 * Chooses a vocabulary of whole words. A special token that is also a word, or is given twice, has the later of its two
 * ids, and the earlier one is a hole, as in the native trainer.
 */
export function trainWordLevel(
  words: ReadonlyMap<string, number>,
  options: { readonly vocabSize: number; readonly minFrequency: number; readonly specialTokens: readonly string[] },
): (string | undefined)[] {
  const encoder = new TextEncoder();
  const compareBytes = (a: string, b: string): number => {
    const [x, y] = [encoder.encode(a), encoder.encode(b)];
    for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return (x[i] ?? 0) - (y[i] ?? 0);
    return x.length - y.length;
  };
  const kept = [...words].filter(([, count]) => count >= options.minFrequency);
  kept.sort(([a, m], [b, n]) => n - m || compareBytes(a, b));
  const tokens = [...options.specialTokens, ...kept.map(([word]) => word)];
  const places = new Map(tokens.slice(0, options.vocabSize).map((token, id) => [token, id]));
  return Array.from({ length: Math.min(tokens.length, options.vocabSize) }, (_, id) =>
    places.get(tokens[id]) === id ? tokens[id] : undefined,
  );
}
