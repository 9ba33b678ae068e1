// From expressions and schemas to constraints. Loaded lazily: most programs have no use for it.
import type { TextCodec } from '../../text-codec';
import { type SchemaOptions, schemaPattern } from './json-schema';
import { parseRegularExpression } from './regular-expression';
import { TokenConstraint } from './token-constraint';

/** See `constrainToPattern`. */
export function compilePattern(pattern: RegExp | string, tokenizer: TextCodec): TokenConstraint {
  return new TokenConstraint(parseRegularExpression(pattern), 'pattern', tokenizer);
}

/** See `constrainToSchema`. */
export function compileSchema(schema: object, tokenizer: TextCodec, options: SchemaOptions): TokenConstraint {
  return new TokenConstraint(schemaPattern(schema, options), 'schema', tokenizer);
}
