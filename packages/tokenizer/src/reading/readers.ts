// Builds components from their JSON by what is at hand: every reader there is, or those that a file names.
import { type Fields, isObject } from '../json';
import type { Regex } from '../text/regex';
import { type Kind, type Kinds, NAMES } from './kinds';

/** Builds one component; `readers` builds those inside it. */
export type Reader<K extends Kind> = (fields: Fields, readers: Readers) => Kinds[K];

/** Readers by kind and by name. */
export type ReaderTables = { readonly [K in Kind]: Readonly<Record<string, Reader<K>>> };

/** Compiles an Oniguruma pattern; `where` is its place in the file. */
export type RegexReader = (pattern: string, where: string) => Regex;

/** The name of a component; older files leave out the model's. */
export function nameOf(kind: Kind, value: Readonly<Record<string, unknown>>): unknown {
  const type = Object.hasOwn(value, 'type') ? value['type'] : undefined;
  if (kind !== 'model' || type !== undefined) return type;
  if (Object.hasOwn(value, 'merges')) return 'BPE';
  if (!isObject(value['vocab'])) return 'Unigram';
  const isWordPiece = ['continuing_subword_prefix', 'max_input_chars_per_word'].some((name) =>
    Object.hasOwn(value, name),
  );
  return isWordPiece ? 'WordPiece' : 'WordLevel';
}

/** Reads components. */
export class Readers {
  constructor(
    private readonly tables: ReaderTables,
    readonly regex: RegexReader,
  ) {}

  /** Builds a component from its JSON. */
  read<K extends Kind>(kind: K, fields: Fields): Kinds[K] {
    const name = nameOf(kind, fields.values);
    if (typeof name !== 'string') throw fields.error('type', 'a string', name);
    const table = this.tables[kind];
    const read = Object.hasOwn(table, name) ? table[name] : undefined;
    if (read === undefined) throw fields.error('type', `one of ${NAMES[kind].join(', ')}`, name);
    return read(fields, this);
  }

  /** The same where the component may be left out. */
  optional<K extends Kind>(kind: K, fields: Fields, name: string): Kinds[K] | undefined {
    return fields.raw(name) == null ? undefined : this.read(kind, fields.child(name));
  }
}
