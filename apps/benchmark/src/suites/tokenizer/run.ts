// Encodes the same lines with every tokenizer, holds the ids against each other, prints MB/s.
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { named } from '../../options.js';
import type { SuiteContext, SuiteResult } from '../suite.js';
import { type Corpus, corpora, sharedFolder } from './corpus.js';
import { type OwnFigure, ownFigures } from './ours.js';
import { type Encoder, heddle, type Peer, peers, VOCABULARIES, type Vocabulary } from './peers.js';
import { collectGarbage, median, processorNow } from './time.js';

/** One row of the table. */
export interface TokenizerSpeed {
  readonly vocabulary: Vocabulary;
  readonly corpus: Corpus['name'];
  /** Line by line, or the whole text as one string. */
  readonly shape: 'lines' | 'whole';
  readonly peer: string;
  /** MB of UTF-8 a second of processor time on the first pass over the text, and the median of later ones: caches flatter these. */
  readonly firstMBps: number;
  readonly warmMBps: number;
  readonly tokens: number;
  /** Whether the ids are those of @heddle/tokenizer. */
  readonly sameIds: boolean;
}

/** What the suite gives as JSON. */
export interface TokenizerReport {
  readonly suite: 'tokenizer';
  readonly rows: readonly TokenizerSpeed[];
  /** What only ours is asked. */
  readonly own: readonly OwnFigure[];
  readonly skipped: readonly string[];
  readonly environment: { readonly node: string; readonly cpu: string; readonly threads: 1 };
}

const SHAPES = ['lines', 'whole'] as const;
const isVocabulary = (name: string): name is Vocabulary => Object.hasOwn(VOCABULARIES, name);
const firstWord = ({ name }: Peer): string => name.split(' ')[0] ?? name;
/** Warm passes, all peers in turn: line by line, and of the whole text, which is slow for some. */
const WARM_PASSES = { lines: 3, whole: 1 } as const;

async function pass(encoder: Encoder, lines: readonly string[]): Promise<ArrayLike<number>[]> {
  if (encoder.encodeAll !== undefined) return encoder.encodeAll(lines);
  const rows: ArrayLike<number>[] = [];
  for (const line of lines) {
    const ids = encoder.encode?.(line) ?? [];
    rows.push(ids instanceof Promise ? await ids : ids);
  }
  return rows;
}

function digest(rows: readonly ArrayLike<number>[]): { readonly hash: string; readonly tokens: number } {
  const hash = createHash('sha256');
  let tokens = 0;
  for (const row of rows) {
    tokens += row.length;
    hash.update(Uint32Array.from(row));
  }
  return { hash: hash.digest('hex'), tokens };
}

/** One peer's passes over one text. */
interface Entry {
  readonly peer: Peer;
  readonly encoder: Encoder;
  readonly times: number[];
  readonly hash: string;
  readonly tokens: number;
}

/** A pass and the processor seconds that it took. */
async function timed(
  encoder: Encoder,
  lines: readonly string[],
): Promise<{ readonly rows: ArrayLike<number>[]; readonly seconds: number }> {
  collectGarbage();
  const start = processorNow();
  const rows = await pass(encoder, lines);
  return { rows, seconds: processorNow() - start };
}

/** Encodes with one peer; undefined where it does not load. */
async function tryPeer(peer: Peer, file: string, vocabulary: Vocabulary): Promise<Encoder | undefined> {
  try {
    const encoder = await peer.load(file, vocabulary);
    return encoder.encode === undefined && encoder.encodeAll === undefined ? undefined : encoder;
  } catch {
    return undefined;
  }
}

/**
 * Every peer that is installed, ours first: each loaded, then its first pass, before the next is loaded, whose compiling
 * and collecting in the background would count as this one's; then the warm passes in turn.
 */
async function measure(
  systems: readonly Peer[],
  file: string,
  vocabulary: Vocabulary,
  lines: readonly string[],
  warmPasses: number,
  missing: (peer: Peer) => void,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const peer of systems) {
    if (!peer.vocabularies.includes(vocabulary)) continue;
    const encoder = await tryPeer(peer, file, vocabulary);
    if (encoder === undefined) {
      missing(peer);
      continue;
    }
    const { rows, seconds } = await timed(encoder, lines);
    entries.push({ peer, encoder, times: [seconds], ...digest(rows) });
  }
  for (let i = 0; i < warmPasses; i++)
    for (const { encoder, times } of entries) times.push((await timed(encoder, lines)).seconds);
  return entries;
}

/** Runs the suite. */
export async function run(context: SuiteContext): Promise<SuiteResult> {
  // Both must be set before a native peer starts: the comparison is of one thread.
  process.env['TOKENIZERS_PARALLELISM'] = 'false';
  process.env['RAYON_NUM_THREADS'] = '1';
  const shared = sharedFolder();
  const { own } = context;
  const vocabularies = named('--tokenizers', own['tokenizers'], Object.keys(VOCABULARIES).filter(isVocabulary));
  const shapes = named('--shapes', own['shapes'], SHAPES);
  const firstWords = named('--peers', own['peers'], [...new Set(peers.map(firstWord))]);
  const systems = [heddle, ...peers.filter((peer) => firstWords.includes(firstWord(peer)))];
  const all = corpora(context.flags.quick ? 500_000 : 5_000_000, context.flags.data);
  const wanted = named(
    '--texts',
    own['texts'],
    all.map(({ name }) => name),
  );
  const texts = all.filter(({ name }) => wanted.includes(name));
  const skipped: string[] = [];
  const rows: TokenizerSpeed[] = [];
  if (shared === undefined)
    return {
      text: 'tokenizer: needs the vocabularies in `fixtures`, beside the folder that HEDDLE_DATA names (../shared/data).',
      json: { suite: 'tokenizer', rows, own: [], skipped: ['all'] },
    };
  for (const vocabulary of vocabularies) {
    const file = join(shared, 'fixtures/tokenizers', VOCABULARIES[vocabulary]);
    for (const { name: corpus, text } of texts) {
      const megabytes = Buffer.byteLength(text) / 1e6;
      for (const shape of shapes) {
        context.signal.throwIfAborted();
        const inputs = shape === 'whole' ? [text] : text.split('\n').map((line) => `${line}\n`);
        const entries = await measure(systems, file, vocabulary, inputs, WARM_PASSES[shape], (peer) => {
          if (skipped.includes(peer.name)) return;
          skipped.push(peer.name);
          context.say(`${peer.name}: ${peer.package} does not load here, left out`);
        });
        for (const { peer, times, hash, tokens } of entries) {
          const [first = 0, ...later] = times;
          const row = {
            vocabulary,
            corpus,
            shape,
            peer: peer.name,
            firstMBps: megabytes / first,
            warmMBps: megabytes / median(later),
            tokens,
            sameIds: hash === entries[0]?.hash,
          };
          rows.push(row);
          context.say(line(row));
        }
      }
    }
  }
  const figures = own['peersOnly'] === true ? [] : await ownFigures(shared, texts, context.flags.quick);
  const environment = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', threads: 1 } as const;
  const report: TokenizerReport = { suite: 'tokenizer', rows, own: figures, skipped, environment };
  const head = 'MB of UTF-8 a second of processor time, one thread: first pass, then warm';
  return { text: [head, ...rows.map(line), ...figures.map(ownLine)].join('\n'), json: report };
}

function line(row: TokenizerSpeed): string {
  const numbers = `${row.firstMBps.toFixed(1).padStart(7)} ${row.warmMBps.toFixed(1).padStart(7)}`;
  return `${row.vocabulary.padEnd(6)} ${row.corpus.padEnd(8)} ${row.shape.padEnd(5)} ${row.peer.padEnd(34)} ${numbers}  ${row.sameIds ? 'same ids' : 'OTHER IDS'}`;
}

function ownLine({ name, value, unit, bar }: OwnFigure): string {
  return `${name.padEnd(50)} ${value.toFixed(2).padStart(9)} ${unit}${bar === undefined ? '' : ` (bar: ${bar})`}`;
}
