// The one error class of the package: every refusal is typed, names its place and says what was expected.

/** What kind of thing went wrong: a file's content, an argument, a vocabulary, a feature or a limit. */
export type TokenizerErrorKind = 'file' | 'input' | 'vocabulary' | 'unsupported' | 'limit';

/** The machine-readable part of a {@link TokenizerError}. */
export interface TokenizerErrorDetails {
  readonly kind: TokenizerErrorKind;
  /** The operation, argument or JSON path at fault: `encode: text`, `model.vocab.the`. */
  readonly where: string;
  readonly expected: string;
  /** What was found instead, already printed. */
  readonly got?: string;
  /** The file that was being read, when there is one. */
  readonly file?: string;
  readonly cause?: unknown;
}

/**
 * Thrown for every mistake that the package can name.
 *
 * @example
 * ```ts
 * import { Tokenizer, TokenizerError } from '@heddle/tokenizer';
 * try {
 *   await Tokenizer.fromJSON('{}');
 * } catch (error) {
 *   if (error instanceof TokenizerError) console.log(error.kind, error.where, error.expected);
 * }
 * ```
 */
export class TokenizerError extends Error {
  readonly kind: TokenizerErrorKind;
  readonly where: string;
  readonly expected: string;
  readonly got: string | undefined;
  readonly file: string | undefined;

  constructor(details: TokenizerErrorDetails) {
    const { kind, where, expected, got, file, cause } = details;
    const place = file === undefined ? where : `${file}: ${where}`;
    super(`${place}: expected ${expected}${got === undefined ? '' : `, got ${got}`}`, { cause });
    this.name = 'TokenizerError';
    this.kind = kind;
    this.where = where;
    this.expected = expected;
    this.got = got;
    this.file = file;
  }

  /** The same with the file's name, where that was not known yet. */
  inFile(file: string | undefined): TokenizerError {
    if (file === undefined || this.file !== undefined) return this;
    const { kind, where, expected, got, cause } = this;
    return new TokenizerError({ kind, where, expected, file, cause, ...(got === undefined ? {} : { got }) });
  }
}

/** Prints a value for an error message: short, and never its whole contents. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' || typeof value === 'function') return `a ${typeof value}`;
  return String(value);
}
