// Strings as JSON writes them: quotation marks around, escapes inside. A pattern speaks of the text, not of how it is
// written, so that what needs an escape gets one.
import { ArgumentError } from '@heddle/tensor';
import {
  type CodeRange,
  choice,
  intersected,
  inverted,
  LAST_CODE_POINT,
  literal,
  oneOf,
  type Pattern,
  repeat,
  sequence,
} from './pattern';
import { parseRegularExpression } from './regular-expression';

const QUOTE = literal('"');
const ESCAPED: readonly CodeRange[] = [
  [0, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
];
const SHORT: Readonly<Record<number, string>> = { 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r', 34: '"', 92: '\\' };
const ANY_CHARACTER = oneOf([0, LAST_CODE_POINT]);

const DATE = '\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])';
const TIME = '([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)';
/** Days beyond the 28th are left out: which months have them isn't worth the states. */
const FORMATS: Readonly<Record<string, string>> = {
  date: DATE,
  time: TIME,
  'date-time': `${DATE}T${TIME}`,
  uuid: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
};

/** Which strings are meant. */
export interface StringLimits {
  readonly least?: number;
  readonly most?: number;
  readonly pattern?: string;
  readonly format?: string;
  /** Where it stands, for errors. */
  readonly path?: string;
}

/**
 * JSON strings of certain lengths, or with a certain content. A pattern may match anywhere in the string, unless ^ and $
 * hold it.
 *
 * @throws {ArgumentError} where a pattern isn't regular, or a format isn't known.
 */
export function stringPattern({ least = 0, most, pattern, format, path = 'schema' }: StringLimits): Pattern {
  if (format !== undefined) {
    if (!Object.hasOwn(FORMATS, format))
      throw new ArgumentError('generate', path, `one of ${Object.keys(FORMATS).join(', ')}`, format);
    return quoted(parseRegularExpression(FORMATS[format], path));
  }
  return quoted(pattern === undefined ? repeat(ANY_CHARACTER, least, most) : searched(pattern, path));
}

/** This string. */
export function stringLiteral(text: string): Pattern {
  return literal(JSON.stringify(text));
}

function searched(pattern: string, path: string): Pattern {
  const anything = repeat(ANY_CHARACTER, 0);
  const inside = parseRegularExpression(pattern, path);
  const [begins, ends] = [pattern.startsWith('^'), /(^|[^\\])(\\\\)*\$$/.test(pattern)];
  if ((begins || ends) && splits(pattern))
    throw new ArgumentError('generate', path, '^ and $ around a group where there are alternatives', pattern);
  return sequence(...(begins ? [] : [anything]), inside, ...(ends ? [] : [anything]));
}

/** Whether alternatives stand outside of all groups and classes. */
function splits(pattern: string): boolean {
  let flat = pattern.replaceAll(/\\./g, '').replaceAll(/\[[^\]]*\]/g, '');
  for (let before = ''; before !== flat; ) {
    before = flat;
    flat = flat.replaceAll(/\([^()]*\)/g, '');
  }
  return flat.includes('|');
}

function quoted(inside: Pattern): Pattern {
  return sequence(QUOTE, written(inside), QUOTE);
}

/** A pattern of characters as a pattern of how they are written. */
function written(pattern: Pattern): Pattern {
  switch (pattern.kind) {
    case 'class': {
      const plain = intersected(pattern.ranges, inverted(ESCAPED));
      const escapes = intersected(pattern.ranges, ESCAPED).flatMap(([lo, hi]) =>
        Array.from({ length: hi - lo + 1 }, (_, i) => literal(`\\${SHORT[lo + i] ?? `u00${hex(lo + i)}`}`)),
      );
      return choice(oneOf(...plain), ...escapes);
    }
    case 'sequence':
      return sequence(...pattern.parts.map(written));
    case 'choice':
      return choice(...pattern.options.map(written));
    case 'repeat':
      return repeat(written(pattern.of), pattern.least, pattern.most);
  }
}

const hex = (code: number): string => code.toString(16).padStart(2, '0');
