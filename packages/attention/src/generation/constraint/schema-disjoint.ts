// Whether two JSON schemas exclude each other, which `oneOf` asks of its alternatives. What can't be told easily counts as no.
import { asObject, guessed, referred, type SchemaObject } from './schema-object';

/** Schemas inside of each other that are looked into: what is deeper can't be told. */
const DEEPEST = 12;

/** Whether no text that is written for one schema is valid against the other. */
export function disjoint(root: unknown, a: unknown, b: unknown): boolean {
  return excludes(root, a, b, 0) && excludes(root, b, a, 0);
}

/** Whether nothing that is written for `given` is valid against `other`. */
function excludes(root: unknown, given: unknown, other: unknown, depth: number): boolean {
  if (given === false || other === false) return true;
  const [a, b] = [asObject(given), asObject(other)];
  if (a === null || b === null || depth > DEEPEST) return false;
  const inside = (one: unknown, two: unknown): boolean => excludes(root, one, two, depth + 1);
  if (a['$ref'] !== undefined) return inside(referred(root, a['$ref']), b);
  if (b['$ref'] !== undefined) return inside(a, referred(root, b['$ref']));
  const options = alternatives(a);
  if (options !== null) return options.every((one) => inside(one, b));
  // To be valid against one of these takes what none of them allows.
  const others = alternatives(b);
  if (others !== null) return others.every((one) => inside(a, one));
  const [values, allowed] = [valuesOf(a), valuesOf(b)];
  if (values !== null && allowed !== null) return ![...values].some((value) => allowed.has(value));
  const [kinds, taken] = [kindsOf(a, guessed(a)), kindsOf(b, undefined)];
  if (kinds !== null && taken !== null && ![...kinds].some((kind) => overlaps(kind, taken))) return true;
  const objects = kinds !== null && [...kinds].every((kind) => kind === 'object');
  return objects && values === null && allowed === null && propertiesExclude(a, b, inside);
}

/** Whether a property tells objects apart: one that is always written is wrong there, or one that is needed never is. */
function propertiesExclude(a: SchemaObject, b: SchemaObject, inside: (a: unknown, b: unknown) => boolean): boolean {
  const [own, theirs] = [asObject(a['properties']), asObject(b['properties']) ?? {}];
  if (own === null) return false;
  const always = namesIn(a['required']);
  return (
    always.some((name) => name in theirs && inside(own[name], theirs[name])) ||
    (b['additionalProperties'] === false && always.some((name) => !(name in theirs))) ||
    namesIn(b['required']).some((name) => !(name in own))
  );
}

function namesIn(required: unknown): readonly string[] {
  return Array.isArray(required) ? required.map(String) : [];
}

function alternatives({ anyOf, oneOf }: SchemaObject): readonly unknown[] | null {
  const options = anyOf ?? oneOf;
  return Array.isArray(options) ? options : null;
}

/** The values that a schema names, as text; null where it names none. */
function valuesOf(schema: SchemaObject): ReadonlySet<string> | null {
  if ('const' in schema) return new Set([canonical(schema['const'])]);
  return Array.isArray(schema['enum']) ? new Set(schema['enum'].map(canonical)) : null;
}

/** JSON with the names of objects in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    const object = asObject(inner);
    return object === null ? inner : Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** The types of what a schema takes; null where it says nothing of them. */
function kindsOf(schema: SchemaObject, fallback: string | undefined): ReadonlySet<string> | null {
  const values = valuesOf(schema);
  if (values !== null) return new Set([...values].map((text) => kindOf(JSON.parse(text))));
  const type = schema['type'] ?? fallback;
  return type === undefined ? null : new Set(Array.isArray(type) ? type.map(String) : [String(type)]);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** Whole numbers may be either. */
function overlaps(kind: string, taken: ReadonlySet<string>): boolean {
  const numbers = ['integer', 'number'];
  return taken.has(kind) || (numbers.includes(kind) && numbers.some((number) => taken.has(number)));
}
