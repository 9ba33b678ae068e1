// The options that ByteLevel has wherever it stands in the file.
import type { Fields } from '../json';

/** The options that ByteLevel has wherever it stands in the file. */
export interface ByteLevelOptions {
  readonly addPrefixSpace: boolean;
  readonly trimOffsets: boolean;
  readonly useRegex: boolean;
}

export function readByteLevel(fields: Fields): ByteLevelOptions {
  return {
    addPrefixSpace: fields.boolean('add_prefix_space', true),
    trimOffsets: fields.boolean('trim_offsets', true),
    useRegex: fields.boolean('use_regex', true),
  };
}

/** Fills in what is left out, as the format does. */
export function byteLevelOptions(options: Partial<ByteLevelOptions>): ByteLevelOptions {
  return { addPrefixSpace: true, trimOffsets: true, useRegex: true, ...options };
}

export function byteLevelConfig(options: ByteLevelOptions): { readonly [key: string]: string | boolean } {
  return {
    type: 'ByteLevel',
    add_prefix_space: options.addPrefixSpace,
    trim_offsets: options.trimOffsets,
    use_regex: options.useRegex,
  };
}
