// Counts the words of a stream of texts, as the normaliser and the pre-tokeniser cut them.
import type { Scanner } from '../fast/scanner';
import type { Normalizer } from '../normalizers/normalizer';
import { checkText } from '../options';
import type { PreTokenizer } from '../pre-tokenizers/pre-tokenizer';
import { toByteChars } from '../text/byte-alphabet';
import { NormalizedString } from '../text/normalized-string';
import { UnitBuffer } from '../text/unit-buffer';
import { checkAbort, type TrainProgress } from './progress';
import type { Texts } from './text-source';

const SLICE_MS = 40;

/** How to cut texts, and whom to tell. */
export interface CountOptions {
  readonly normalizer: Normalizer | undefined;
  readonly preTokenizer: PreTokenizer | undefined;
  readonly onProgress: ((progress: TrainProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

const buffer = new UnitBuffer();
/** Words in the byte alphabet, so that a word is spelt once, not wherever it stands. */
const spelt = new Map<string, string>();
const MAX_SPELT = 200_000;

/** The same without objects in between, for byte-level cuts. */
function countByteWords(text: string, scan: Scanner, counts: Map<string, number>): void {
  const units = buffer.load(text, 0, text.length);
  for (let start = 0; start < text.length; ) {
    const end = scan(units, start, text.length);
    const word = text.slice(start, end);
    let bytes = spelt.get(word);
    if (bytes === undefined) {
      if (spelt.size >= MAX_SPELT) spelt.clear();
      bytes = toByteChars(word);
      spelt.set(word, bytes);
    }
    counts.set(bytes, (counts.get(bytes) ?? 0) + 1);
    start = end;
  }
}

/** Adds the words of one text to `counts`. */
export function countText(
  text: string,
  counts: Map<string, number>,
  options: Pick<CountOptions, 'normalizer' | 'preTokenizer'>,
): void {
  const { normalizer, preTokenizer } = options;
  if (normalizer === undefined && preTokenizer?.spellsBytes && preTokenizer.scan !== undefined) {
    countByteWords(text, preTokenizer.scan, counts);
    return;
  }
  const whole = new NormalizedString(text);
  normalizer?.apply(whole);
  if (whole.text === '') return;
  // As in encoding, what was dropped at the front counts: Metaspace asks whether a piece is the text's very first.
  const piece = whole.startOf(0) === 0 ? whole : whole.slice(0, whole.text.length);
  for (const { text: word } of preTokenizer?.apply(piece) ?? [piece]) counts.set(word, (counts.get(word) ?? 0) + 1);
}

/** Counts words. Memory grows with the number of different words, not with the length of the texts. */
export async function countWords(texts: Texts, options: CountOptions): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const { onProgress, signal } = options;
  let done = 0;
  let since = performance.now();
  const take = (text: string): boolean => {
    countText(checkText(text, `train: texts[${done}]`), counts, options);
    done++;
    return performance.now() - since > SLICE_MS;
  };
  const pause = async (): Promise<void> => {
    onProgress?.({ stage: 'read', done, total: Array.isArray(texts) ? texts.length : undefined });
    await new Promise((resolve) => setTimeout(resolve, 0));
    checkAbort(signal);
    since = performance.now();
  };
  checkAbort(signal);
  if (Symbol.iterator in texts) {
    for (const text of texts) if (take(text)) await pause();
  } else for await (const text of texts) if (take(text)) await pause();
  onProgress?.({ stage: 'read', done, total: done });
  return counts;
}
