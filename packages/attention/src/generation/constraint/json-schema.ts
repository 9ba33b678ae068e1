// JSON schemas (draft 2020-12) as patterns. Patterns are regular, so that what refers to itself is followed as deep as is
// said. What isn't supported is refused by its path, so that what is generated is always valid.
import { ArgumentError } from '@heddle/tensor';
import { integerPattern } from './integer-pattern';
import { COLON, COMMA, jsonLiteral, members, ordered } from './json-parts';
import { stringLiteral, stringPattern } from './json-string';
import { numberPattern } from './number-pattern';
import { choice, literal, oneOf, optional, type Pattern, repeat, sequence } from './pattern';
import { disjoint } from './schema-disjoint';
import { asObject, guessed, referred, type SchemaObject } from './schema-object';

/**
 * What may stand in a schema: `type` (also a list), `enum`, `const`, `anyOf`, `oneOf` of schemas that exclude each other
 * (by their types, their values, or a property), `$ref` to a place in the schema, inside itself as deep as `SchemaOptions`
 * say; of strings `minLength`, `maxLength`, `pattern` and `format` (date, time, date-time,
 * uuid); of numbers `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` (kept from by a millionth); of arrays `items`, `prefixItems`,
 * `minItems`, `maxItems`; of objects `properties`, `required`, and `additionalProperties`: false or nothing beside
 * properties (others are never written), a schema where there are none. Notes such as `title` and `description` are read
 * over.
 */
export interface JsonSchema extends SchemaObject {}

/** How a schema is read. */
export interface SchemaOptions {
  /** How many times a reference may stand inside itself: 3 where nothing is said. Deeper texts are never written. */
  readonly depth?: number | undefined;
}

const NOTES = new Set([
  'title',
  'description',
  'default',
  'examples',
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  'deprecated',
  'readOnly',
  'writeOnly',
  'nullable',
]);

const OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  boolean: [],
  null: [],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  object: ['properties', 'required', 'additionalProperties'],
};

const DIGITS = oneOf([0x30, 0x39]);
/** So many digits as float64 keeps; longer ones would only be noise. */
const NUMBER = sequence(
  optional(literal('-')),
  choice(literal('0'), sequence(oneOf([0x31, 0x39]), repeat(DIGITS, 0, 15))),
  optional(sequence(literal('.'), repeat(DIGITS, 1, 16))),
  optional(
    sequence(oneOf([0x65, 0x65], [0x45, 0x45]), optional(oneOf([0x2b, 0x2b], [0x2d, 0x2d])), repeat(DIGITS, 1, 2)),
  ),
);

/**
 * The JSON texts that a schema accepts.
 *
 * @throws {ArgumentError} naming the path of what isn't supported, or isn't a schema.
 */
export function schemaPattern(schema: unknown, { depth = 3 }: SchemaOptions = {}): Pattern {
  if (!Number.isInteger(depth) || depth < 0)
    throw new ArgumentError('generate', 'depth', 'a whole number', String(depth));
  // The schema itself is where `#` refers to.
  return new Reader(schema, depth).value(schema, '#', ['#']);
}

/** References inside of references, of different ones in every order that there is: more are refused. */
const MOST_REFERENCES = 10_000;

/** How far numbers keep from bounds that are excluded. */
const STEP = 1e-6;

class Reader {
  /** What references were found to mean, by themselves and those that they stand in. */
  private readonly known = new Map<string, Pattern>();
  private opened = 0;

  constructor(
    private readonly root: unknown,
    private readonly depth: number,
  ) {}

  /** @param refs references that are being followed: one of them again is recursion */
  value(given: unknown, path: string, refs: readonly string[]): Pattern {
    if (given === false) return choice();
    const schema = asObject(given) ?? this.fail(path, 'a schema that says which type', JSON.stringify(given));
    const { $ref: ref, const: fixed, enum: values, anyOf, oneOf: exactly, type } = schema;
    if (ref !== undefined) {
      this.only(schema, ['$ref'], path);
      return this.referred(ref, path, refs);
    }
    if ('const' in schema) {
      this.only(schema, ['const', 'type'], path);
      return type === undefined || fits(fixed, type) ? jsonLiteral(fixed) : choice();
    }
    if (values !== undefined) {
      this.only(schema, ['enum', 'type'], path);
      const fitting = this.list(values, `${path}/enum`).filter((value) => type === undefined || fits(value, type));
      return choice(...fitting.map(jsonLiteral));
    }
    if (anyOf !== undefined) {
      this.only(schema, ['anyOf'], path);
      return this.any(anyOf, `${path}/anyOf`, refs);
    }
    if (exactly !== undefined) {
      this.only(schema, ['oneOf'], path);
      this.exclusive(exactly, `${path}/oneOf`);
      return this.any(exactly, `${path}/oneOf`, refs);
    }
    const types = Array.isArray(type) ? type : [type ?? guessed(schema)];
    this.only(schema, ['type', ...types.flatMap((one) => OF_TYPE[String(one)] ?? [])], path);
    return choice(...types.map((one) => this.typed(one, schema, path, refs)));
  }

  private any(options: unknown, path: string, refs: readonly string[]): Pattern {
    return choice(...this.list(options, path).map((one, i) => this.value(one, `${path}/${i}`, refs)));
  }

  /** Refuses alternatives of which a text might fit two. */
  private exclusive(given: unknown, path: string): void {
    const options = this.list(given, path);
    options.forEach((one, i) => {
      const other = options.findIndex((before, j) => j < i && !disjoint(this.root, before, one));
      if (other >= 0)
        this.fail(
          `${path}/${i}`,
          'a schema that excludes those before it, by type, value or property',
          `one like ${other}`,
        );
    });
  }

  private typed(type: unknown, schema: JsonSchema, path: string, refs: readonly string[]): Pattern {
    switch (type) {
      case 'null':
        return literal('null');
      case 'boolean':
        return choice(literal('true'), literal('false'));
      case 'number':
        return this.number(schema, path);
      case 'integer':
        return this.integer(schema, path);
      case 'string':
        return this.string(schema, path);
      case 'array':
        return this.array(schema, path, refs);
      case 'object':
        return this.object(schema, path, refs);
      default:
        return this.fail(
          `${path}/type`,
          `one of ${Object.keys(OF_TYPE).join(', ')}`,
          JSON.stringify(type) ?? 'nothing',
        );
    }
  }

  private integer(schema: JsonSchema, path: string): Pattern {
    const { minimum, maximum, above, below } = this.bounds(schema, path);
    return integerPattern(
      Math.ceil(Math.max(minimum, Math.floor(above) + 1)),
      Math.floor(Math.min(maximum, Math.ceil(below) - 1)),
    );
  }

  private number(schema: JsonSchema, path: string): Pattern {
    const { minimum, maximum, above, below } = this.bounds(schema, path);
    const [least, most] = [Math.max(minimum, moved(above, STEP)), Math.min(maximum, moved(below, -STEP))];
    if (least === Number.NEGATIVE_INFINITY && most === Number.POSITIVE_INFINITY) return NUMBER;
    return (
      numberPattern(least, most) ??
      this.fail(path, 'bounds of at most fifteen digits behind the point', `${least}, ${most}`)
    );
  }

  /** Infinite where nothing is said. */
  private bounds(
    schema: JsonSchema,
    path: string,
  ): Readonly<Record<'minimum' | 'maximum' | 'above' | 'below', number>> {
    const bound = (name: string, open: number): number => {
      const value = schema[name];
      if (value === undefined) return open;
      return typeof value === 'number' && Number.isFinite(value)
        ? value
        : this.fail(`${path}/${name}`, 'a number', JSON.stringify(value));
    };
    return {
      minimum: bound('minimum', Number.NEGATIVE_INFINITY),
      maximum: bound('maximum', Number.POSITIVE_INFINITY),
      above: bound('exclusiveMinimum', Number.NEGATIVE_INFINITY),
      below: bound('exclusiveMaximum', Number.POSITIVE_INFINITY),
    };
  }

  private string(schema: JsonSchema, path: string): Pattern {
    const { pattern, format } = schema;
    const least = this.count(schema, 'minLength', path) ?? 0;
    const most = this.count(schema, 'maxLength', path) ?? Number.POSITIVE_INFINITY;
    if (pattern === undefined && format === undefined) return stringPattern({ least, most });
    if (least > 0 || most < Number.POSITIVE_INFINITY) this.fail(path, 'either lengths, or a pattern or format', 'both');
    if (pattern !== undefined && format !== undefined) this.fail(path, 'either a pattern or a format', 'both');
    if (pattern !== undefined && typeof pattern !== 'string')
      this.fail(`${path}/pattern`, 'a text', JSON.stringify(pattern));
    return stringPattern(
      pattern === undefined
        ? { format: String(format), path: `schema ${path}/format` }
        : { pattern: String(pattern), path: `schema ${path}/pattern` },
    );
  }

  private array(schema: JsonSchema, path: string, refs: readonly string[]): Pattern {
    const first = this.list(schema['prefixItems'] ?? [], `${path}/prefixItems`);
    const prefix = first.map((item, i) => this.value(item, `${path}/prefixItems/${i}`, refs));
    const { items } = schema;
    if (items === undefined && first.length === 0) this.fail(path, 'items: what an array holds', 'none');
    const rest = items === undefined || items === false ? null : this.value(items, `${path}/items`, refs);
    const least = this.count(schema, 'minItems', path) ?? 0;
    const most = Math.min(
      this.count(schema, 'maxItems', path) ?? Number.POSITIVE_INFINITY,
      rest === null ? prefix.length : Number.POSITIVE_INFINITY,
    );
    if (least > most) return choice();
    return sequence(literal('['), members(prefix, rest, least, most), literal(']'));
  }

  private object(schema: JsonSchema, path: string, refs: readonly string[]): Pattern {
    const { properties, required, additionalProperties: more } = schema;
    const known = Object.entries(
      asObject(properties ?? {}) ?? this.fail(`${path}/properties`, 'an object', JSON.stringify(properties)),
    );
    const needed = new Set(this.list(required ?? [], `${path}/required`).map(String));
    for (const name of needed)
      if (!known.some(([key]) => key === name))
        this.fail(`${path}/required`, 'names of properties', JSON.stringify(name));
    if (known.length === 0) {
      if (more === false) return literal('{}');
      if (more === undefined || more === true)
        this.fail(path, 'properties, or additionalProperties with a schema', 'neither');
      const member = sequence(stringPattern({}), COLON, this.value(more, `${path}/additionalProperties`, refs));
      return sequence(literal('{'), optional(sequence(member, repeat(sequence(COMMA, member), 0))), literal('}'));
    }
    if (more !== undefined && more !== false)
      this.fail(`${path}/additionalProperties`, 'false, or nothing, beside properties', JSON.stringify(more));
    const members = known.map(([key, value]) => ({
      pattern: sequence(stringLiteral(key), COLON, this.value(value, `${path}/properties/${key}`, refs)),
      needed: needed.has(key),
    }));
    return sequence(literal('{'), ordered(members), literal('}'));
  }

  private referred(ref: unknown, path: string, refs: readonly string[]): Pattern {
    const found = referred(this.root, ref);
    if (found === null) return this.fail(`${path}/$ref`, 'a reference inside the schema, #/…', JSON.stringify(ref));
    if (found === undefined) this.fail(`${path}/$ref`, 'a place in the schema', String(ref));
    const name = String(ref);
    const inside = [...refs, name];
    // Beyond the depth nothing matches: lists end, other alternatives are taken.
    if (inside.filter((one) => one === name).length > this.depth + 1) return choice();
    const key = JSON.stringify(inside.sort());
    const known = this.known.get(key);
    if (known !== undefined) return known;
    if (this.opened++ >= MOST_REFERENCES)
      this.fail(path, `at most ${MOST_REFERENCES} references inside of others: let a schema go less deep`, 'more');
    const made = this.value(found, name, [...refs, name]);
    this.known.set(key, made);
    return made;
  }

  /** Refuses keywords that would be left out of account. */
  private only(schema: JsonSchema, keywords: readonly string[], path: string): void {
    const strange = Object.keys(schema).find((key) => !keywords.includes(key) && !NOTES.has(key));
    if (strange !== undefined) this.fail(`${path}/${strange}`, `one of ${keywords.join(', ')} here`, strange);
  }

  private count(schema: JsonSchema, name: string, path: string): number | undefined {
    const value = schema[name];
    if (value === undefined) return undefined;
    return Number.isInteger(value) && (value as number) >= 0
      ? (value as number)
      : this.fail(`${path}/${name}`, 'a whole number', JSON.stringify(value));
  }

  private list(value: unknown, path: string): readonly unknown[] {
    return Array.isArray(value) ? value : this.fail(path, 'a list', JSON.stringify(value));
  }

  private fail(path: string, expected: string, got: string): never {
    throw new ArgumentError('generate', `schema ${path}`, expected, got);
  }
}

/** A bound moved by a step, without the noise of binary fractions. */
function moved(bound: number, by: number): number {
  return Number.isFinite(bound) ? Number((bound + by).toFixed(6)) : bound;
}

/** Whether a value is of a type, or of one of several. */
function fits(value: unknown, type: unknown): boolean {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const types = Array.isArray(type) ? type : [type];
  return types.includes(kind) || (types.includes('integer') && Number.isInteger(value));
}
