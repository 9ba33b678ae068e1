// Encodes the same lines with every tokenizer, holds the ids against each other, prints MB/s.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { SuiteContext, SuiteResult } from '../suite.js';
import { type Corpus, corpora, sharedFolder } from './corpus.js';
import { type Encoder, heddle, type Peer, peers, type Vocabulary } from './peers.js';

/** One row of the table. */
export interface TokenizerSpeed {
  readonly vocabulary: Vocabulary;
  readonly corpus: Corpus['name'];
  readonly peer: string;
  /** MB of UTF-8 a second on the first pass over the text, and the median of later ones: caches flatter these. */
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
  readonly skipped: readonly string[];
  readonly environment: { readonly node: string; readonly cpu: string; readonly threads: 1 };
}

const VOCABULARIES: Readonly<Record<Vocabulary, string>> = { gpt2: 'gpt2', bert: 'bert-base-uncased' };
const WARM_PASSES = 3;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

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

interface Measured {
  readonly first: number;
  readonly warm: number;
  readonly hash: string;
  readonly tokens: number;
}

async function measure(encoder: Encoder, lines: readonly string[], megabytes: number): Promise<Measured> {
  const times: number[] = [];
  let rows: ArrayLike<number>[] = [];
  for (let i = 0; i <= WARM_PASSES; i++) {
    const start = performance.now();
    rows = await pass(encoder, lines);
    times.push((performance.now() - start) / 1000);
  }
  const [first = 0, ...later] = times;
  return { first: megabytes / first, warm: megabytes / median(later), ...digest(rows) };
}

/** Encodes with one peer; undefined where it does not load. */
async function tryPeer(peer: Peer, json: string, vocabulary: Vocabulary): Promise<Encoder | undefined> {
  try {
    const encoder = await peer.load(json, vocabulary);
    return encoder.encode === undefined && encoder.encodeAll === undefined ? undefined : encoder;
  } catch {
    return undefined;
  }
}

/** Runs the suite. */
export async function run(context: SuiteContext): Promise<SuiteResult> {
  // Both must be set before a native peer starts: the comparison is of one thread.
  process.env['TOKENIZERS_PARALLELISM'] = 'false';
  process.env['RAYON_NUM_THREADS'] = '1';
  const shared = sharedFolder();
  const texts = corpora(context.flags.quick ? 500_000 : 5_000_000, context.flags.data);
  const skipped: string[] = [];
  const rows: TokenizerSpeed[] = [];
  if (shared === undefined)
    return {
      text: 'tokenizer: needs the vocabularies in ../shared (HEDDLE_SHARED names the folder).',
      json: { suite: 'tokenizer', rows, skipped: ['all'] },
    };
  for (const vocabulary of ['gpt2', 'bert'] as const) {
    const json = readFileSync(join(shared, 'fixtures/tokenizers', VOCABULARIES[vocabulary], 'tokenizer.json'), 'utf8');
    for (const { name: corpus, text } of texts) {
      const lines = text.split('\n').map((line) => `${line}\n`);
      const megabytes = Buffer.byteLength(text) / 1e6;
      let ours: Measured | undefined;
      for (const peer of [heddle, ...peers]) {
        context.signal.throwIfAborted();
        if (!peer.vocabularies.includes(vocabulary)) continue;
        const encoder = await tryPeer(peer, json, vocabulary);
        if (encoder === undefined) {
          if (!skipped.includes(peer.name)) {
            skipped.push(peer.name);
            context.say(`${peer.name}: ${peer.package} does not load here, left out`);
          }
          continue;
        }
        const measured = await measure(encoder, lines, megabytes);
        ours ??= measured;
        const row = {
          vocabulary,
          corpus,
          peer: peer.name,
          firstMBps: measured.first,
          warmMBps: measured.warm,
          tokens: measured.tokens,
          sameIds: measured.hash === ours.hash,
        };
        rows.push(row);
        context.say(line(row));
      }
    }
  }
  const environment = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', threads: 1 } as const;
  const report: TokenizerReport = { suite: 'tokenizer', rows, skipped, environment };
  return { text: ['MB/s of UTF-8, one thread: first pass, then warm', ...rows.map(line)].join('\n'), json: report };
}

function line(row: TokenizerSpeed): string {
  const numbers = `${row.firstMBps.toFixed(1).padStart(7)} ${row.warmMBps.toFixed(1).padStart(7)}`;
  return `${row.vocabulary.padEnd(5)} ${row.corpus.padEnd(8)} ${row.peer.padEnd(34)} ${numbers}  ${row.sameIds ? 'same ids' : 'OTHER IDS'}`;
}
