// Reads untrusted JSON values by path, so that every complaint names its place. It knows nothing of tokenizers.
import { describe, TokenizerError } from './errors';

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Levels that a file may have: more than any real one has, and as many as the reference reads. */
export const MAX_DEPTH = 128;

/** The error for a value that lies deeper. */
export function tooDeep(path: string, file: string | undefined): TokenizerError {
  return new TokenizerError({ kind: 'limit', where: path, expected: `at most ${MAX_DEPTH} levels` }).inFile(file);
}

/** Parses JSON text; the error names the file. */
export function parseJson(text: string, file: string | undefined): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TokenizerError({ kind: 'file', where: '$', expected: 'valid JSON', got: describe(text), cause }).inFile(
      file,
    );
  }
}

/** The fields of one JSON object, read with checks. Only own properties count, so `__proto__` is nothing special. */
export class Fields {
  readonly values: Readonly<Record<string, unknown>>;

  constructor(
    value: unknown,
    readonly path: string,
    readonly file?: string,
    private readonly depth = 1,
  ) {
    if (depth > MAX_DEPTH) throw tooDeep(path, file);
    if (!isObject(value)) throw this.error('', 'an object', value);
    this.values = value;
  }

  error(name: string, expected: string, got: unknown): TokenizerError {
    const where = name === '' ? this.path : `${this.path}.${name}`;
    return new TokenizerError({ kind: 'file', where, expected, got: describe(got) }).inFile(this.file);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.values, name);
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.values, name) ? this.values[name] : undefined;
  }

  keys(): string[] {
    return Object.keys(this.values);
  }

  string(name: string, fallback?: string): string {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== 'string') throw this.error(name, 'a string', value);
    return value;
  }

  optionalString(name: string): string | undefined {
    return this.raw(name) == null ? undefined : this.string(name);
  }

  boolean(name: string, fallback?: boolean): boolean {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== 'boolean') throw this.error(name, 'true or false', value);
    return value;
  }

  /** A whole number from `min` up. */
  integer(name: string, fallback?: number, min = 0): number {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > 0x7fffffff)
      throw this.error(name, `a whole number from ${min} up`, value);
    return value;
  }

  oneOf<T extends string>(name: string, options: readonly T[], fallback?: T): T {
    const value = this.raw(name) ?? fallback;
    const found = options.find((option) => option === value);
    if (found === undefined) throw this.error(name, `one of ${options.join(', ')}`, value);
    return found;
  }

  array(name: string): readonly unknown[] {
    const value = this.raw(name);
    if (!Array.isArray(value)) throw this.error(name, 'an array', value);
    return value;
  }

  child(name: string): Fields {
    return new Fields(this.raw(name), `${this.path}.${name}`, this.file, this.depth + 1);
  }

  children(name: string): Fields[] {
    const { path, file, depth } = this;
    return this.array(name).map((value, i) => new Fields(value, `${path}.${name}[${i}]`, file, depth + 2));
  }

  /** One code point. */
  char(name: string, fallback?: string): string {
    const value = this.string(name, fallback);
    if ([...value].length !== 1) throw this.error(name, 'one character', value);
    return value;
  }
}
