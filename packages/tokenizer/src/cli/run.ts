// The commands: parse the line, do the work, return the exit code.
import type { parseArgs as ParseArgs } from 'node:util';
import type { Encoding } from '../encoding';
import { describe, TokenizerError } from '../errors';
import { type ByteStream, linesOf, linesWithEnds, openFile } from '../text-files';
import { Tokenizer } from '../tokenizer';
import type { ModelKind } from '../trainers/presets';
import type { TrainOptions } from '../trainers/train';
import { HELP } from './help';

/** Where a command reads and writes. */
export interface CliStreams {
  readonly stdin: ByteStream;
  /** Resolves when the reader has room for more. */
  write(text: string): Promise<void> | undefined;
  warn(text: string): void;
  /** Whether the output is a terminal that wants colour. */
  readonly color: boolean;
  /** Whether messages go to a terminal, on which progress can be drawn. */
  readonly progress: boolean;
}

const OPTIONS = {
  tokenizer: { type: 'string', short: 't' },
  json: { type: 'boolean' },
  'no-special': { type: 'boolean' },
  'max-length': { type: 'string' },
  'keep-special': { type: 'boolean' },
  model: { type: 'string', short: 'm' },
  'vocab-size': { type: 'string', short: 'v' },
  'min-frequency': { type: 'string' },
  threads: { type: 'string' },
  special: { type: 'string' },
  lowercase: { type: 'boolean' },
  'no-lowercase': { type: 'boolean' },
  out: { type: 'string', short: 'o' },
  help: { type: 'boolean', short: 'h' },
} as const;

interface Values {
  readonly [name: string]: string | boolean | undefined;
}

function usage(where: string, expected: string, got?: unknown): TokenizerError {
  const details = { kind: 'input', where, expected } as const;
  return new TokenizerError(got === undefined ? details : { ...details, got: describe(got) });
}

function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

function wholeNumber(values: Values, name: string): number | undefined {
  const value = text(values, name);
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) throw usage(`--${name}`, 'a whole number', value);
  return Number(value);
}

async function tokenizerOf(values: Values): Promise<Tokenizer> {
  const path = text(values, 'tokenizer');
  if (path === undefined) throw usage('--tokenizer', 'a path');
  return Tokenizer.load(path);
}

async function* inputs(
  files: readonly string[],
  stdin: ByteStream,
): AsyncGenerator<{ name: string; stream: ByteStream }> {
  if (files.length === 0) yield { name: '-', stream: stdin };
  for (const name of files) yield { name, stream: openFile(name) };
}

async function* allLines(files: readonly string[], stdin: ByteStream): AsyncGenerator<string> {
  for await (const { stream } of inputs(files, stdin)) yield* linesOf(stream);
}

async function train(values: Values, files: readonly string[], io: CliStreams): Promise<void> {
  const out = text(values, 'out');
  if (out === undefined) throw usage('--out', 'a folder or a .json file');
  const model = (text(values, 'model') ?? 'wordpiece') as ModelKind;
  const lowercase = values['lowercase'] === true ? true : values['no-lowercase'] === true ? false : undefined;
  const vocabSize = wholeNumber(values, 'vocab-size');
  const minFrequency = wholeNumber(values, 'min-frequency');
  const threads = wholeNumber(values, 'threads');
  const special = text(values, 'special');
  const options: TrainOptions = {
    model,
    ...(vocabSize === undefined ? {} : { vocabSize }),
    ...(minFrequency === undefined ? {} : { minFrequency }),
    ...(threads === undefined ? {} : { threads }),
    ...(lowercase === undefined ? {} : { lowercase }),
    ...(special === undefined ? {} : { specialTokens: special.split(',').filter(Boolean) }),
    onNote: (note) => io.warn(`${note}\n`),
    onProgress: ({ stage, done, total }) => {
      if (io.progress) io.warn(`\r${stage} ${done}${total === undefined ? '' : ` of ${total}`}\u001b[K`);
    },
  };
  // Line ends count, as in the native trainer.
  const texts = files.length === 0 ? linesWithEnds(io.stdin) : { files };
  const tokenizer = await Tokenizer.train(texts, options);
  if (io.progress) io.warn('\r\u001b[K');
  await tokenizer.save(out);
  io.warn(`${tokenizer.vocabSize} tokens, written to ${out}\n`);
}

async function encode(values: Values, files: readonly string[], io: CliStreams): Promise<void> {
  const tokenizer = await tokenizerOf(values);
  const options = {
    addSpecialTokens: values['no-special'] !== true,
    maxLength: wholeNumber(values, 'max-length'),
    padding: false,
  } as const;
  for await (const line of allLines(files, io.stdin)) {
    if (values['json'] !== true) {
      await io.write(`${tokenizer.encodeRagged([line], options).ids.join(' ')}\n`);
      continue;
    }
    const { ids, tokens, offsets } = tokenizer.encode(line, options);
    await io.write(`${JSON.stringify({ ids, tokens, offsets })}\n`);
  }
}

/** The ids of a line: numbers with spaces or commas between, or what `encode --json` writes. */
function idsOf(line: string): number[] {
  let list = line;
  if (line.startsWith('{')) {
    const ids = /"ids":\s*\[([\d\s,]*)\]/.exec(line)?.[1];
    if (ids === undefined) throw usage('decode: input', 'an object with ids', line);
    list = ids;
  }
  const words = list
    .replaceAll(/[[\],]/g, ' ')
    .split(/\s+/)
    .filter(Boolean);
  const bad = words.find((word) => !/^\d+$/.test(word));
  if (bad !== undefined) throw usage('decode: input', 'ids with spaces between', bad);
  return words.map(Number);
}

async function decode(values: Values, files: readonly string[], io: CliStreams): Promise<void> {
  const tokenizer = await tokenizerOf(values);
  for await (const line of allLines(files, io.stdin)) {
    await io.write(`${tokenizer.decode(idsOf(line), { skipSpecialTokens: values['keep-special'] !== true })}\n`);
  }
}

async function count(values: Values, files: readonly string[], io: CliStreams): Promise<void> {
  const tokenizer = await tokenizerOf(values);
  let total = 0;
  let names = 0;
  for await (const { name, stream } of inputs(files, io.stdin)) {
    let tokens = 0;
    for await (const line of linesWithEnds(stream)) tokens += tokenizer.count(line);
    await io.write(`${tokens}\t${name}\n`);
    total += tokens;
    names++;
  }
  if (names > 1) await io.write(`${total}\ttotal\n`);
}

/**
 * A line cut at its tokens, which count from 1; 0 is text that no token covers. Tokens that are not in the text show
 * their names, and those that only hold more bytes of a character a dot.
 */
function piecesOf(line: string, { tokens, offsets }: Encoding): { readonly text: string; readonly token: number }[] {
  const pieces: { text: string; token: number }[] = [];
  let covered = 0;
  for (const [i, [start, end]] of offsets.entries()) {
    if (start > covered) pieces.push({ text: line.slice(covered, start), token: 0 });
    const text = start === end ? (tokens[i] as string) : line.slice(Math.max(start, covered), end) || '·';
    pieces.push({ text, token: i + 1 });
    covered = Math.max(covered, end);
  }
  if (covered < line.length) pieces.push({ text: line.slice(covered), token: 0 });
  return pieces;
}

async function inspect(values: Values, files: readonly string[], io: CliStreams): Promise<void> {
  const tokenizer = await tokenizerOf(values);
  for await (const line of allLines(files, io.stdin)) {
    const encoding = tokenizer.encode(line, { padding: false, truncation: false });
    // Two backgrounds in turn; without colour, bars between.
    const shown = piecesOf(line, encoding).map(({ text: piece, token }) => {
      if (!io.color) return token ? `|${piece}` : piece;
      return token ? `\u001b[${token % 2 === 0 ? '30;46' : '30;43'}m${piece}\u001b[0m` : piece;
    });
    await io.write(`${shown.join('')}${io.color || shown.length === 0 ? '' : '|'}  (${encoding.length})\n`);
  }
}

const COMMANDS = { train, encode, decode, count, inspect };

/** Runs a command line. The result is the exit code. */
export async function run(args: readonly string[], io: CliStreams): Promise<number> {
  const { parseArgs }: { parseArgs: typeof ParseArgs } = process.getBuiltinModule('node:util');
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [command, ...files] = positionals;
    if (values.help === true || command === undefined) {
      await io.write(HELP);
      return command === undefined && values.help !== true ? 2 : 0;
    }
    if (!Object.hasOwn(COMMANDS, command))
      throw usage('command', `one of ${Object.keys(COMMANDS).join(', ')}`, command);
    await COMMANDS[command as keyof typeof COMMANDS](values, files, io);
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    io.warn(`${message.replaceAll('\n', ' ')}\n`);
    return error instanceof TokenizerError && error.kind !== 'input' ? 1 : 2;
  }
}
