// Special tokens by a template for one sequence and one for a pair.
import { Encoding } from '../encoding';
import { TokenizerError } from '../errors';
import { type Fields, isObject, type JsonObject } from '../json';
import type { PostProcessor } from './post-processor';

/** A place in a template: an input sequence or a special token. */
export type TemplatePiece =
  | { readonly sequence: 0 | 1; readonly typeId: number }
  | { readonly special: string; readonly typeId: number };

/** What a special token's name stands for. */
export interface SpecialToken {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
}

function readPiece(fields: Fields): TemplatePiece {
  if (fields.has('Sequence')) {
    const sequence = fields.child('Sequence');
    return { sequence: sequence.oneOf('id', ['A', 'B'] as const) === 'A' ? 0 : 1, typeId: sequence.integer('type_id') };
  }
  const special = fields.child('SpecialToken');
  return { special: special.string('id'), typeId: special.integer('type_id') };
}

/**
 * Adds special tokens by template.
 *
 * @example
 * ```ts
 * import { Tokenizer } from '@heddle/tokenizer';
 * import { TemplateProcessing, WordLevel } from '@heddle/tokenizer/components';
 * const model = new WordLevel(['[CLS]', '[SEP]', 'hello']);
 * const single = ['[CLS]', '$A', '[SEP]'];
 * const postProcessor = TemplateProcessing.of(single, [...single, '$B:1', '[SEP]:1'], (token) => model.vocab.idOf(token));
 * console.log(new Tokenizer({ model, postProcessor }).encode('hello').tokens); // ['[CLS]', 'hello', '[SEP]']
 * ```
 */
export class TemplateProcessing implements PostProcessor {
  constructor(
    readonly single: readonly TemplatePiece[],
    readonly pair: readonly TemplatePiece[],
    readonly specials: ReadonlyMap<string, SpecialToken>,
  ) {}

  static read(fields: Fields): TemplateProcessing {
    const specials = new Map<string, SpecialToken>();
    if (isObject(fields.raw('special_tokens'))) {
      const table = fields.child('special_tokens');
      for (const name of table.keys()) {
        const entry = table.child(name);
        const ids = entry.array('ids');
        const tokens = entry.array('tokens');
        if (!ids.every((id): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0))
          throw entry.error('ids', 'an array of ids', ids);
        if (!tokens.every((token): token is string => typeof token === 'string') || tokens.length !== ids.length)
          throw entry.error('tokens', `an array of ${ids.length} tokens`, tokens);
        specials.set(name, { ids, tokens });
      }
    }
    const template = (name: 'single' | 'pair'): TemplatePiece[] =>
      fields.children(name).map((piece) => {
        const read = readPiece(piece);
        if ('special' in read && !specials.has(read.special))
          throw piece.error('SpecialToken.id', 'a name in special_tokens', read.special);
        if ('sequence' in read && name === 'single' && read.sequence === 1)
          throw piece.error('Sequence.id', 'A, the only sequence of a single text', 'B');
        return read;
      });
    return new TemplateProcessing(template('single'), template('pair'), specials);
  }

  /**
   * From pieces such as `'[CLS]'`, `'$A'`, `'$B:1'` (the number is the type id) and the ids of the special tokens.
   */
  static of(
    single: readonly string[],
    pair: readonly string[],
    idOf: (token: string) => number | undefined,
  ): TemplateProcessing {
    const specials = new Map<string, SpecialToken>();
    const read = (text: string): TemplatePiece => {
      const [, name = text, typeId = '0'] = /^(.+?)(?::(\d+))?$/s.exec(text) ?? [];
      if (name === '$A' || name === '$B') return { sequence: name === '$A' ? 0 : 1, typeId: Number(typeId) };
      const id = idOf(name);
      if (id === undefined)
        throw new TokenizerError({
          kind: 'vocabulary',
          where: 'TemplateProcessing',
          expected: 'tokens with ids',
          got: name,
        });
      specials.set(name, { ids: [id], tokens: [name] });
      return { special: name, typeId: Number(typeId) };
    };
    return new TemplateProcessing(single.map(read), pair.map(read), specials);
  }

  get config(): JsonObject {
    const write = (pieces: readonly TemplatePiece[]): JsonObject[] =>
      pieces.map((piece) =>
        'special' in piece
          ? { SpecialToken: { id: piece.special, type_id: piece.typeId } }
          : { Sequence: { id: piece.sequence === 0 ? 'A' : 'B', type_id: piece.typeId } },
      );
    const specials: { [name: string]: JsonObject } = Object.create(null);
    for (const [id, { ids, tokens }] of this.specials) specials[id] = { id, ids, tokens };
    return { type: 'TemplateProcessing', single: write(this.single), pair: write(this.pair), special_tokens: specials };
  }

  added(isPair: boolean): number {
    let count = 0;
    for (const piece of isPair ? this.pair : this.single)
      if ('special' in piece) count += this.specials.get(piece.special)?.ids.length ?? 0;
    return count;
  }

  process(parts: Encoding[], addSpecialTokens: boolean): Encoding[] {
    const out: Encoding[] = [];
    for (const piece of parts.length === 2 ? this.pair : this.single) {
      if ('special' in piece) {
        const special = this.specials.get(piece.special);
        if (addSpecialTokens && special !== undefined)
          out.push(Encoding.special(special.ids, special.tokens, piece.typeId));
        continue;
      }
      const part = parts[piece.sequence];
      if (part === undefined) continue;
      part.setTypeIds(piece.typeId);
      part.setSequence(piece.sequence);
      out.push(part);
    }
    return out;
  }
}
