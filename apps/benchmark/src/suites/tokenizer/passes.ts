// Passes of tokenizers over one text: the first with caches cold, then some in turn, each within a box of time.
import { createHash } from 'node:crypto';
import type { Encoder, Peer, Vocabulary } from './peers.js';
import { collectGarbage, processorNow } from './time.js';

/** Seconds that a first pass may take; a tokenizer that needs longer gets a part of the text, and its rate is that part's. */
const FIRST_SECONDS = 2;
/** Seconds for all warm passes of one tokenizer: there are as many as fit, each of a part of the text where three would not. */
const WARM_SECONDS = 2;
const LEAST_WARM = 3;
const MOST_WARM = 5;

/** One tokenizer's passes over one text. */
export interface Entry {
  readonly peer: Peer;
  /** Bytes of UTF-8 that it was given, of those that there are. */
  readonly bytes: number;
  readonly part: number;
  readonly firstSeconds: number;
  /**
   * Seconds that ours took for the same texts in its first pass: what comes later repeats more of what was met. Of a single
   * text that was cut, its share.
   */
  readonly oursFirst: number;
  /** Bytes of a warm pass. */
  readonly warmBytes: number;
  /** Seconds of each warm pass; passes with the same index were made in turn. */
  readonly warmSeconds: readonly number[];
  readonly tokens: number;
  /** Whether the ids are those of the first tokenizer on the same part. */
  readonly sameIds: boolean;
}

interface Pass {
  readonly rows: readonly ArrayLike<number>[];
  readonly seconds: number;
  /** Seconds until each {@link STEP} texts were done, where they are encoded one by one. */
  readonly marks: readonly number[];
}

/** Texts from one look at the clock to the next. */
const STEP = 64;

/** Encodes what it can of the texts in so many seconds, at least one. */
async function pass(encoder: Encoder, texts: readonly string[], box: number): Promise<Pass> {
  collectGarbage();
  const start = processorNow();
  const end = performance.now() + 1000 * box;
  const marks: number[] = [];
  let rows: ArrayLike<number>[] = [];
  if (encoder.encodeAll !== undefined) rows = await encoder.encodeAll(texts);
  else
    for (const text of texts) {
      const ids = encoder.encode?.(text) ?? [];
      rows.push(ids instanceof Promise ? await ids : ids);
      if (rows.length % STEP !== 0) continue;
      marks.push(processorNow() - start);
      if (performance.now() > end) break;
    }
  return { rows, seconds: processorNow() - start, marks };
}

function digest(rows: readonly ArrayLike<number>[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(`${row.length} `).update(Uint32Array.from(row));
  return hash.digest('hex');
}

const bytesOf = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);

/** The beginning of some texts that has so many bytes, to a text or, of a single one, to a character. */
function beginning(texts: readonly string[], bytes: number): readonly string[] {
  const [only = ''] = texts;
  if (texts.length === 1) {
    const whole = Buffer.byteLength(only);
    if (bytes >= whole) return texts;
    const cut = Math.ceil((only.length * bytes) / whole);
    return [only.slice(0, /[\udc00-\udfff]/.test(only.charAt(cut)) ? cut + 1 : cut)];
  }
  let count = 0;
  for (let sum = 0; count < texts.length && sum < bytes; count++) sum += Buffer.byteLength(texts[count] ?? '');
  return texts.slice(0, count);
}

/** Loads a peer; undefined where it does not. */
async function tryPeer(peer: Peer, file: string, vocabulary: Vocabulary): Promise<Encoder | undefined> {
  try {
    const encoder = await peer.load(file, vocabulary);
    return encoder.encode === undefined && encoder.encodeAll === undefined ? undefined : encoder;
  } catch {
    return undefined;
  }
}

/** Bytes a second that each package was last seen to encode of a vocabulary: what a call that cannot be cut short is given. */
export type Rates = Map<string, number>;

/**
 * Every system that loads, ours first: each loaded, then its first pass, before the next is loaded, whose compiling and
 * collecting in the background would count as this one's; then the warm passes in turn.
 */
export async function measure(
  systems: readonly Peer[],
  file: string,
  vocabulary: Vocabulary,
  texts: readonly string[],
  rates: Rates,
  missing: (peer: Peer) => void,
): Promise<Entry[]> {
  const whole = bytesOf(texts);
  let oursFirst: Pass | undefined;
  const running: {
    entry: Omit<Entry, 'warmSeconds'>;
    encoder: Encoder;
    warmTexts: readonly string[];
    warm: number[];
  }[] = [];
  for (const peer of systems) {
    if (!peer.vocabularies.includes(vocabulary)) continue;
    const encoder = await tryPeer(peer, file, vocabulary);
    if (encoder === undefined) {
      missing(peer);
      continue;
    }
    const key = `${peer.package} ${vocabulary}`;
    const isOne = texts.length === 1 || encoder.encodeAll !== undefined;
    const rate = rates.get(key);
    const offered = isOne && rate !== undefined && running.length > 0 ? beginning(texts, rate * FIRST_SECONDS) : texts;
    // Ours is the measure of the others, so it gets all of it.
    const first = await pass(encoder, offered, running.length === 0 ? Number.POSITIVE_INFINITY : FIRST_SECONDS);
    oursFirst ??= first;
    const { rows, seconds } = first;
    const given = offered.slice(0, rows.length);
    const bytes = bytesOf(given);
    rates.set(key, bytes / seconds);
    const [ours] = running;
    const expected = ours === undefined ? rows : (await pass(ours.encoder, given, Number.POSITIVE_INFINITY)).rows;
    const fit = WARM_SECONDS / LEAST_WARM / seconds;
    const warmTexts = fit < 1 ? beginning(given, bytes * fit) : given;
    const entry = {
      peer,
      bytes,
      warmBytes: bytesOf(warmTexts),
      part: bytes / whole,
      firstSeconds: seconds,
      oursFirst:
        bytes === whole
          ? oursFirst.seconds
          : (oursFirst.marks[Math.ceil(rows.length / STEP) - 1] ?? (oursFirst.seconds * bytes) / whole),
      tokens: rows.reduce((sum, { length }) => sum + length, 0),
      sameIds: digest(rows) === digest(expected),
    };
    running.push({ entry, encoder, warmTexts, warm: [] });
  }
  for (let round = 0; round < MOST_WARM; round++)
    for (const { encoder, warmTexts, warm } of running) {
      const spent = warm.reduce((sum, seconds) => sum + seconds, 0);
      // Ours takes part in every round, since it is the measure of the others.
      const fits = round < LEAST_WARM || spent + spent / round <= WARM_SECONDS || encoder === running[0]?.encoder;
      if (warm.length === round && fits) warm.push((await pass(encoder, warmTexts, Number.POSITIVE_INFINITY)).seconds);
    }
  return running.map(({ entry, warm }) => ({ ...entry, warmSeconds: warm }));
}
