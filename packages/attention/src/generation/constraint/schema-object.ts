// A JSON schema as an object: looking into it, and following its references.

/** A schema's keywords. */
export interface SchemaObject {
  readonly [keyword: string]: unknown;
}

/** An object, or null where it is anything else. */
export function asObject(value: unknown): SchemaObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as SchemaObject) : null;
}

/** Schemas of objects and arrays often leave their type out. */
export function guessed(schema: SchemaObject): string | undefined {
  if ('properties' in schema || 'additionalProperties' in schema) return 'object';
  return 'items' in schema || 'prefixItems' in schema ? 'array' : undefined;
}

/**
 * What a reference means: undefined where there is nothing, null where it isn't one inside the schema.
 *
 * @param root the whole schema
 */
export function referred(root: unknown, ref: unknown): unknown {
  if (typeof ref !== 'string' || !/^#(\/|$)/.test(ref)) return null;
  let found: unknown = root;
  for (const step of ref.split('/').slice(1))
    found = asObject(found)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')];
  return found;
}
