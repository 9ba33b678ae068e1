// From expressions and schemas to constraints. Loaded lazily: most programs have no use for it.
import { ArgumentError } from '@heddle/tensor';
import type { TextCodec } from '../../text-codec';
import { type SchemaOptions, schemaPattern } from './json-schema';
import { parseRegularExpression } from './regular-expression';
import { TokenConstraint } from './token-constraint';

/** See `constrainToPattern`. */
export function compilePattern(pattern: RegExp | string, tokenizer: TextCodec): TokenConstraint {
  if (typeof pattern !== 'string' && !(pattern instanceof RegExp))
    throw new ArgumentError('constrainToPattern', 'pattern', 'a RegExp, or the text of one', String(pattern));
  requireCodec('constrainToPattern', tokenizer);
  return new TokenConstraint(parseRegularExpression(pattern), 'pattern', tokenizer);
}

/** See `constrainToSchema`. */
export function compileSchema(schema: object, tokenizer: TextCodec, options: SchemaOptions): TokenConstraint {
  requireCodec('constrainToSchema', tokenizer);
  if (typeof options !== 'object' || options === null)
    throw new ArgumentError('constrainToSchema', 'options', 'an object', String(options));
  return new TokenConstraint(schemaPattern(schema, options), 'schema', tokenizer);
}

/** A form is held against the texts of a vocabulary, which only a whole tokenizer can list. */
function requireCodec(op: string, tokenizer: TextCodec): void {
  if (typeof tokenizer?.toJSON === 'function') return;
  throw new ArgumentError(op, 'tokenizer', 'one that lists its vocabulary (toJSON)', typeof tokenizer);
}
