// The header of a safetensors file: parsing without trust, and writing. Pure; no file is touched here.
// https://github.com/huggingface/safetensors#format
import { FormatError } from '../errors';
import { type Shape, show } from '../shape';
import { type FileDType, fileDTypes, isFileDType } from './file-dtype';
import { duplicateKey } from './json-keys';

/** Headers beyond this are refused, as by the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;

/** Where one tensor lies in its file. */
export interface HeaderEntry {
  readonly dtype: FileDType;
  readonly shape: Shape;
  /** First byte, counted from the file's beginning. */
  readonly begin: number;
  readonly bytes: number;
}

/** What a header says, in the order of the data. */
export interface Header {
  readonly entries: ReadonlyMap<string, HeaderEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** The header's length in bytes, from the file's first eight. */
export function headerLength(file: string, prefix: Uint8Array, fileBytes: number): number {
  if (fileBytes < 8)
    throw new FormatError(file, `no safetensors file: ${fileBytes} bytes, fewer than its length field`);
  const claimed = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (claimed > BigInt(fileBytes - 8)) {
    throw new FormatError(file, `the header claims ${claimed} bytes, but the file has ${fileBytes} in all`);
  }
  if (claimed > MAX_HEADER_BYTES) {
    throw new FormatError(file, `the header claims ${claimed} bytes, more than the ${MAX_HEADER_BYTES} that are read`);
  }
  if (claimed < 2) throw new FormatError(file, `the header claims ${claimed} bytes, fewer than an empty object has`);
  return Number(claimed);
}

/**
 * Parses a header and holds it against the file's size: every byte of the data belongs to exactly one tensor.
 *
 * @throws {FormatError} naming the file and what is wrong with it.
 */
export function parseHeader(file: string, bytes: Uint8Array, fileBytes: number): Header {
  const json = parseJson(file, bytes, 'the header');
  const dataStart = 8 + bytes.length;
  const dataBytes = fileBytes - dataStart;
  let metadata: ReadonlyMap<string, string> = new Map();
  const found: [string, HeaderEntry][] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') metadata = parseMetadata(file, value);
    else found.push([requireSafeName(file, name), parseEntry(file, name, value, dataStart, dataBytes)]);
  }
  found.sort(([, a], [, b]) => a.begin - b.begin || a.bytes - b.bytes);
  let end = dataStart;
  for (const [name, { begin, bytes: size }] of found) {
    if (begin < end) throw new FormatError(file, `${name}: its data overlaps the tensor before it`);
    if (begin > end) throw new FormatError(file, `${name}: ${begin - end} bytes before its data belong to no tensor`);
    end = begin + size;
  }
  if (end < fileBytes) throw new FormatError(file, `the last ${fileBytes - end} bytes belong to no tensor`);
  return { entries: new Map(found), metadata };
}

/** Parses UTF-8 JSON that must be an object without names given twice. */
export function parseJson(file: string, bytes: Uint8Array, what: string): object {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(file, `${what} is not UTF-8`, { cause });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(file, `${what} is not JSON`, { cause });
  }
  if (!isObject(json)) throw new FormatError(file, `${what} is not a JSON object`);
  const twice = duplicateKey(text);
  if (twice !== null) throw new FormatError(file, `${what} names ${JSON.stringify(twice)} twice`);
  return json;
}

function parseMetadata(file: string, value: unknown): ReadonlyMap<string, string> {
  if (!isObject(value)) throw new FormatError(file, '__metadata__: expected an object of strings');
  return new Map(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== 'string') throw new FormatError(file, `__metadata__: ${key}: expected a string`);
      return [key, text];
    }),
  );
}

function parseEntry(file: string, name: string, value: unknown, dataStart: number, dataBytes: number): HeaderEntry {
  const fail = (problem: string): FormatError => new FormatError(file, `${name}: ${problem}`);
  if (!isObject(value)) throw fail('expected an object with dtype, shape and data_offsets');
  const fields = new Map(Object.entries(value));
  const extra = [...fields.keys()].find((key) => !['dtype', 'shape', 'data_offsets'].includes(key));
  if (extra !== undefined) throw fail(`unknown field ${JSON.stringify(extra)}`);
  const dtype = fields.get('dtype');
  if (typeof dtype !== 'string' || !isFileDType(dtype)) {
    throw fail(`dtype: expected one of ${Object.keys(fileDTypes).join(', ')}, got ${shown(dtype)}`);
  }
  const shape = fields.get('shape');
  if (!isSizes(shape)) throw fail(`shape: expected whole numbers, got ${shown(shape)}`);
  const offsets = fields.get('data_offsets');
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw fail(`data_offsets: expected [begin, end], got ${shown(offsets)}`);
  }
  const [begin, end] = offsets;
  if (end > dataBytes) throw fail(`its data ends at byte ${end} of ${dataBytes}: the file is cut off or damaged`);
  // Sizes beyond 2^53 can't be told apart, but they can't equal a file's size either.
  const needed = shape.reduce((product, size) => product * size, fileDTypes[dtype].bytes);
  if (needed !== end - begin) {
    throw fail(`${dtype} ${show(shape)} takes ${needed} bytes, but data_offsets give it ${end - begin}`);
  }
  return { dtype, shape, begin: dataStart + begin, bytes: end - begin };
}

/** What messages show of a value: its beginning. Lists may be nested deeper than the stack is. */
function shown(value: unknown): string {
  try {
    return String(JSON.stringify(value)).slice(0, 200);
  } catch {
    return 'lists nested too deep to show';
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** Refuses names that mean something else to JavaScript objects or to the format. */
export function requireSafeName(file: string, name: string): string {
  if (name === '__metadata__' || name.split('.').some((part) => forbidden.has(part))) {
    throw new FormatError(file, `${JSON.stringify(name)} can't be a tensor's name`);
  }
  return name;
}

const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

/** A tensor to be written. */
export interface Planned {
  readonly name: string;
  readonly dtype: FileDType;
  readonly shape: Shape;
  readonly bytes: number;
}

/** Length field and header of a file that holds these tensors in this order, padded so that the data is aligned. */
export function encodeHeader(tensors: readonly Planned[], metadata: ReadonlyMap<string, string>): Uint8Array {
  const entries: [string, object][] = metadata.size > 0 ? [['__metadata__', Object.fromEntries(metadata)]] : [];
  let at = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    entries.push([name, { dtype, shape, data_offsets: [at, at + bytes] }]);
    at += bytes;
  }
  // An object would put names such as "10" first.
  const members = entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const json = new TextEncoder().encode(`{${members.join()}}`);
  const out = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(out.buffer).setBigUint64(0, BigInt(out.length - 8), true);
  out.set(json, 8);
  return out;
}
