// The door to constrained text. What compiles it is loaded by who asks for it.
import type { TextCodec } from '../text-codec';
import type { SchemaOptions } from './constraint/json-schema';
import type { TokenConstraint } from './constraint/token-constraint';

/**
 * Holds text to a regular expression, which it matches as a whole.
 *
 * @param pattern a RegExp, whose flags i and s count, or the text of one; lookaround, back references and word borders are
 *   not regular
 * @throws {ArgumentError} where it isn't regular, or nothing matches. Whether the vocabulary can write what does, `generate`
 *   says.
 * @example
 * ```ts
 * import { constrainToPattern, Gpt2, gpt2Config } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * import { Tokenizer } from '@heddle/tokenizer';
 * await init({ seed: 1 });
 * const tokenizer = await Tokenizer.train(['On 2024-05-06 and 2025-07-08 it rained.'], { model: 'bpe', vocabSize: 300 });
 * const model = new Gpt2(gpt2Config({ vocabSize: tokenizer.vocabSize, dim: 16, layers: 1, heads: 2, eosIds: [] })).eval();
 * const constraint = await constrainToPattern(/\d{4}-\d\d-\d\d/, tokenizer);
 * const [{ text }] = await model.generate(['It rained on '], { tokenizer, constraint });
 * console.log(text); // such as 2055-78-24
 * ```
 */
export async function constrainToPattern(pattern: RegExp | string, tokenizer: TextCodec): Promise<TokenConstraint> {
  const { compilePattern } = await import('./constraint/compile');
  return compilePattern(pattern, tokenizer);
}

/**
 * Holds text to a JSON schema: it is valid JSON, with properties in the schema's order and at most a space behind each
 * colon and comma. See `JsonSchema` for what may stand in a schema.
 *
 * @throws {ArgumentError} naming the path of what isn't supported.
 * @example
 * ```ts
 * import { constrainToSchema } from '@heddle/attention';
 * import { Tokenizer } from '@heddle/tokenizer';
 * const tokenizer = await Tokenizer.train(['{"name": "Ada"}'], { model: 'bpe', vocabSize: 280 });
 * const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
 * const constraint = await constrainToSchema(schema, tokenizer);
 * console.log(constraint.distance(constraint.start)); // tokens of the shortest text
 * ```
 */
export async function constrainToSchema(
  schema: object,
  tokenizer: TextCodec,
  options: SchemaOptions = {},
): Promise<TokenConstraint> {
  const { compileSchema } = await import('./constraint/compile');
  return compileSchema(schema, tokenizer, options);
}
