// SentencePiece's normalisation table: a double-array trie over bytes and the replacements it points at.
import { TokenizerError } from '../errors';
import type { Fields } from '../json';
import { graphemes } from '../text/graphemes';
import type { Change, NormalizedString } from '../text/normalized-string';
import type { Normalizer } from './normalizer';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lossy = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Applies a table that SentencePiece compiled into the model file.
 *
 * @example
 * ```ts
 * import { Precompiled } from '@heddle/tokenizer/components';
 * const table = 'BAAAAAAAAAA='; // base64 of `precompiled_charsmap`; this one changes nothing
 * console.log(new Precompiled(table).replacement('a')); // undefined
 * ```
 */
export class Precompiled implements Normalizer {
  private readonly units: Uint32Array;
  private readonly replacements: Uint8Array;
  /** What chunks become, shared by all the places where they stand: some become eighteen characters. */
  private readonly known = new Map<string, readonly Change[] | undefined>();

  constructor(
    readonly charsmap: string,
    where = 'normalizer.precompiled_charsmap',
  ) {
    const refuse = (expected: string, cause?: unknown): TokenizerError =>
      new TokenizerError({ kind: 'file', where, expected, cause });
    let blob: string;
    try {
      blob = atob(charsmap);
    } catch (cause) {
      throw refuse('base64', cause);
    }
    const bytes = Uint8Array.from(blob, (char) => char.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const size = bytes.length >= 4 ? view.getUint32(0, true) : -1;
    if (size < 4 || size % 4 !== 0 || 4 + size > bytes.length) throw refuse('a trie with its size before it');
    this.units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.replacements = bytes.subarray(4 + size);
    try {
      decoder.decode(this.replacements);
    } catch (cause) {
      throw refuse('replacements in UTF-8', cause);
    }
  }

  static read(fields: Fields): Precompiled {
    return new Precompiled(fields.string('precompiled_charsmap'), `${fields.path}.precompiled_charsmap`);
  }

  get config(): { readonly type: string; readonly precompiled_charsmap: string } {
    return { type: 'Precompiled', precompiled_charsmap: this.charsmap };
  }

  get isLocal(): boolean {
    return [' ', '\n', '\t'].every((space) => /^\s+$/.test(this.replacement(space) ?? space));
  }

  /** The replacement of the shortest prefix of `chunk` in the table: odd, and what the reference does. */
  replacement(chunk: string): string | undefined {
    return this.search(encoder.encode(chunk));
  }

  private changesOf(chunk: string): readonly Change[] | undefined {
    const known = this.known.get(chunk);
    if (known !== undefined || this.known.has(chunk)) return known;
    const found = this.replacement(chunk);
    const changes = found === undefined ? undefined : toChanges(chunk, found);
    if (this.known.size > 50_000) this.known.clear();
    this.known.set(chunk, changes);
    return changes;
  }

  /** The longest match of the table at a place of a text, as SentencePiece itself looks it up. */
  longest(text: string, at: number): { readonly replacement: string; readonly units: number } | undefined {
    // No key of a table is near this long.
    const key = encoder.encode(text.slice(at, at + 24));
    let found: { readonly replacement: string; readonly units: number } | undefined;
    let node = this.offset(this.units[0] ?? 0);
    for (let i = 0; i < key.length; i++) {
      const byte = key[i] as number;
      if (byte === 0) break;
      node ^= byte;
      const unit = this.units[node];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) break;
      node ^= this.offset(unit);
      if (((unit >>> 8) & 1) === 1) {
        const units = lossy.decode(key.subarray(0, i + 1)).length;
        found = { replacement: this.replacementAt((this.units[node] ?? 0) & 0x7fffffff), units };
      }
    }
    return found;
  }

  private offset(unit: number): number {
    return (unit >>> 10) << ((unit & 512) >>> 6);
  }

  private search(key: Uint8Array): string | undefined {
    const { units } = this;
    let at = this.offset(units[0] ?? 0);
    for (const byte of key) {
      if (byte === 0) return undefined;
      at ^= byte;
      const unit = units[at];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
      at ^= this.offset(unit);
      if (((unit >>> 8) & 1) === 1) return this.replacementAt((units[at] ?? 0) & 0x7fffffff);
    }
    return undefined;
  }

  private replacementAt(start: number): string {
    let end = start;
    while (end < this.replacements.length && this.replacements[end] !== 0) end++;
    return lossy.decode(this.replacements.subarray(start, end));
  }

  apply(text: NormalizedString): void {
    const changes: Change[] = [];
    let modified = false;
    const push = (old: string, replaced: readonly Change[]): void => {
      modified = true;
      for (const change of replaced) changes.push(change);
      const last = changes.at(-1);
      // What becomes nothing is eaten by the character before it.
      if (replaced.length === 0 && last !== undefined)
        changes[changes.length - 1] = { char: last.char, change: last.change - [...old].length };
    };
    for (const grapheme of graphemes(text.text)) {
      if (grapheme.length === 1 || (grapheme.length < 6 && encoder.encode(grapheme).length < 6)) {
        const whole = this.changesOf(grapheme);
        if (whole !== undefined) {
          push(grapheme, whole);
          continue;
        }
      }
      for (const char of grapheme) {
        const part = this.changesOf(char);
        if (part === undefined) changes.push({ char, change: 0 });
        else push(char, part);
      }
    }
    if (modified) text.transform(changes);
  }
}

/** What a replacement does: its first characters replace those of `old`, further ones are inserted, the last eats the rest. */
function toChanges(old: string, replacement: string): readonly Change[] {
  const replaced = [...old].length;
  const chars = [...replacement];
  return chars.map((char, i) => ({
    char,
    change: i >= replaced ? 1 : i === chars.length - 1 ? Math.min(0, chars.length - replaced) : 0,
  }));
}
