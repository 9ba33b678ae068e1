// Encodes the same lines with every tokenizer, holds the ids against each other, prints MB/s.
import { cpus } from 'node:os';
import { join } from 'node:path';
import { median } from '../../median.js';
import { named } from '../../options.js';
import { historyFolder } from '../speed/folders.js';
import { heddleVersion, record } from '../speed/history.js';
import type { SuiteContext, SuiteResult } from '../suite.js';
import { type Corpus, corpora, sharedFolder } from './corpus.js';
import { type OwnFigure, ownFigures } from './ours.js';
import { type Entry, measure, type Rates } from './passes.js';
import { heddle, type Peer, peers, VOCABULARIES, type Vocabulary } from './peers.js';

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
  /** How many times as fast ours was: at the first pass, and in warm passes made in turn, median, least and most. */
  readonly firstRatio: number;
  readonly warmRatio: readonly [median: number, least: number, most: number];
  /** How much of the text it was given: less than 1 where all of it would take too long. */
  readonly part: number;
  readonly tokens: number;
  /** Whether the ids are those of @heddle/tokenizer. */
  readonly sameIds: boolean;
}

/** What the suite gives as JSON. */
export interface TokenizerReport {
  readonly suite: 'tokenizer';
  /** Version of the packages. */
  readonly heddle: string;
  readonly createdAt: string;
  readonly rows: readonly TokenizerSpeed[];
  /** What only ours is asked. */
  readonly own: readonly OwnFigure[];
  readonly skipped: readonly string[];
  readonly environment: { readonly node: string; readonly cpu: string; readonly threads: 1 };
}

const SHAPES = ['lines', 'whole'] as const;
const isVocabulary = (name: string): name is Vocabulary => Object.hasOwn(VOCABULARIES, name);
const firstWord = ({ name }: Peer): string => name.split(' ')[0] ?? name;

function rowOf(
  entry: Entry,
  ours: Entry,
  cell: Pick<TokenizerSpeed, 'vocabulary' | 'corpus' | 'shape'>,
): TokenizerSpeed {
  const { peer, bytes, warmBytes, part, firstSeconds, oursFirst, warmSeconds, tokens, sameIds } = entry;
  const share = ours.warmBytes / warmBytes;
  const ratios = warmSeconds.map((seconds, i) => (share * seconds) / (ours.warmSeconds[i] as number));
  return {
    ...cell,
    peer: peer.name,
    firstMBps: bytes / 1e6 / firstSeconds,
    warmMBps: warmBytes / 1e6 / median(warmSeconds),
    firstRatio: firstSeconds / oursFirst,
    warmRatio: [median(ratios), Math.min(...ratios), Math.max(...ratios)],
    part,
    tokens,
    sameIds,
  };
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
  const rates: Rates = new Map();
  if (shared === undefined)
    return {
      text: 'tokenizer: needs the vocabularies in `fixtures`, beside the folder that HEDDLE_DATA names (../shared/data).',
      json: { suite: 'tokenizer', rows, own: [], skipped: ['all'] },
    };
  // Ours alone come first: what peers keep in memory would be gone through by each collection.
  const figures = own['peersOnly'] === true ? [] : await ownFigures(shared, texts, context.flags.quick);
  for (const figure of figures) context.say(ownLine(figure));
  for (const vocabulary of vocabularies) {
    const file = join(shared, 'fixtures/tokenizers', VOCABULARIES[vocabulary]);
    for (const { name: corpus, text } of texts) {
      for (const shape of shapes) {
        context.signal.throwIfAborted();
        const inputs = shape === 'whole' ? [text] : text.split('\n').map((line) => `${line}\n`);
        const entries = await measure(systems, file, vocabulary, inputs, rates, (peer) => {
          if (skipped.includes(peer.name)) return;
          skipped.push(peer.name);
          context.say(`${peer.name}: ${peer.package} does not load here, left out`);
        });
        for (const entry of entries) {
          const row = rowOf(entry, entries[0] as Entry, { vocabulary, corpus, shape });
          rows.push(row);
          context.say(line(row));
        }
      }
    }
  }
  const environment = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', threads: 1 } as const;
  const report: TokenizerReport = {
    suite: 'tokenizer',
    heddle: heddleVersion(),
    createdAt: new Date().toISOString(),
    rows,
    own: figures,
    skipped,
    environment,
  };
  if (own['record'] === true) context.say(`recorded as ${await record(historyFolder(), report)}`);
  const head =
    'MB of UTF-8 a second of processor time, one thread: first pass, then warm; how many times as fast ours is: first, warm (least to most)';
  return { text: [head, ...rows.map(line), ...figures.map(ownLine)].join('\n'), json: report };
}

function line(row: TokenizerSpeed): string {
  const speeds = `${row.firstMBps.toFixed(1).padStart(7)} ${row.warmMBps.toFixed(1).padStart(7)}`;
  const [warm, least, most] = row.warmRatio.map((ratio) => ratio.toFixed(2));
  const ratios = row.peer === heddle.name ? '' : `${row.firstRatio.toFixed(2)} ${warm} (${least} to ${most})`;
  const part = row.part < 1 ? `, on ${(100 * row.part).toFixed(0)} % of the text` : '';
  return `${row.vocabulary.padEnd(6)} ${row.corpus.padEnd(8)} ${row.shape.padEnd(5)} ${row.peer.padEnd(34)} ${speeds} ${ratios.padStart(29)}  ${row.sameIds ? 'same ids' : 'OTHER IDS'}${part}`;
}

function ownLine({ name, value, unit, bar }: OwnFigure): string {
  return `${name.padEnd(50)} ${value.toFixed(2).padStart(9)} ${unit}${bar === undefined ? '' : ` (bar: ${bar})`}`;
}
