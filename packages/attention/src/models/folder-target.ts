// Where models and adapters are written: a folder on the disk, or a map that stands for one.
import { ArgumentError } from '@heddle/tensor';
import { shown } from '../errors';

/** Where a model is written: a folder on the disk, or one in memory. */
export type ModelTarget = string | Map<string, Uint8Array>;

/** A folder as the writing functions take it. */
export interface FolderTarget {
  /** Goes into their options. */
  readonly into: { readonly into?: Map<string, Uint8Array> };
  /** The path of a file in it. */
  at(file: string): string;
}

/**
 * Opens a target, before anything is written.
 *
 * @throws {ArgumentError} where it is neither a path nor a map.
 */
export function folderAt(op: string, target: ModelTarget): FolderTarget {
  if (target instanceof Map) return { into: { into: target }, at: (file) => file };
  if (typeof target !== 'string' || target === '')
    throw new ArgumentError(op, 'target', 'the path of a folder, or a Map', shown(target));
  return { into: {}, at: (file) => `${target.replace(/[/\\]+$/, '')}/${file}` };
}
