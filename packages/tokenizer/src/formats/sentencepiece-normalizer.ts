// SentencePiece's normaliser: its table by longest match, extra spaces out, spaces made visible.
// `tokenizer.json` has no such component; what it writes there differs from it on rare combining sequences only.
import { sentencePiece } from '../families/lazy';
import type { JsonObject } from '../json';
import type { Normalizer } from '../normalizers/normalizer';
import type { Precompiled } from '../normalizers/precompiled';
import type { NormalizedString } from '../text/normalized-string';

/** What the model file says. */
export interface SentencePieceNormalizerOptions {
  readonly charsmap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
  readonly whitespaceAsSuffix: boolean;
  /** Pieces that the user set: they pass as they are. */
  readonly userDefined: readonly string[];
}

/** Normalises as SentencePiece does. */
export class SentencePieceNormalizer implements Normalizer {
  private readonly userDefined: readonly string[];

  private constructor(
    private readonly options: SentencePieceNormalizerOptions,
    private readonly table: Precompiled | undefined,
  ) {
    this.userDefined = [...options.userDefined].sort((a, b) => b.length - a.length);
  }

  static async load(options: SentencePieceNormalizerOptions): Promise<SentencePieceNormalizer> {
    if (options.charsmap.length === 0) return new SentencePieceNormalizer(options, undefined);
    const { Precompiled } = await sentencePiece();
    let binary = '';
    for (const byte of options.charsmap) binary += String.fromCharCode(byte);
    const table = new Precompiled(btoa(binary), 'normalizer_spec.precompiled_charsmap');
    return new SentencePieceNormalizer(options, table);
  }

  get config(): JsonObject {
    const { removeExtraWhitespaces, escapeWhitespaces, addDummyPrefix, whitespaceAsSuffix } = this.options;
    const steps: JsonObject[] = [];
    if (this.table !== undefined) steps.push(this.table.config);
    if (removeExtraWhitespaces)
      steps.push(
        { type: 'Strip', strip_left: true, strip_right: true },
        { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' },
      );
    if (addDummyPrefix && !whitespaceAsSuffix) steps.push({ type: 'Prepend', prepend: ' ' });
    if (escapeWhitespaces) steps.push({ type: 'Replace', pattern: { String: ' ' }, content: '▁' });
    return { type: 'Sequence', normalizers: steps };
  }

  /** What the text at `at` becomes, and how many units of it that takes. */
  private prefix(text: string, at: number): { readonly replacement: string; readonly units: number } {
    for (const piece of this.userDefined)
      if (piece !== '' && text.startsWith(piece, at)) return { replacement: piece, units: piece.length };
    const found = this.table?.longest(text, at);
    if (found !== undefined) return found;
    const char = String.fromCodePoint(text.codePointAt(at) as number);
    return { replacement: char, units: char.length };
  }

  apply(text: NormalizedString): void {
    rewrite(text, this.rewritten(text.text));
  }

  /** A text alone, without where its characters come from. */
  textOf(text: string): string {
    return this.rewritten(text)
      .map(({ char }) => char)
      .join('');
  }

  /** Each character of the result with the source range that it stands for. */
  private rewritten(source: string): Rewritten[] {
    const { removeExtraWhitespaces, addDummyPrefix, whitespaceAsSuffix, escapeWhitespaces } = this.options;
    const space = escapeWhitespaces ? '▁' : ' ';
    const out: Rewritten[] = [];
    let at = 0;
    if (removeExtraWhitespaces)
      while (at < source.length) {
        const { replacement, units } = this.prefix(source, at);
        if (replacement !== ' ') break;
        at += units;
      }
    if (at < source.length && addDummyPrefix && !whitespaceAsSuffix) out.push({ char: space, from: at, to: at });
    let afterSpace = removeExtraWhitespaces;
    const begun = at < source.length;
    while (at < source.length) {
      const { replacement, units } = this.prefix(source, at);
      let piece = replacement;
      while (afterSpace && piece.startsWith(' ')) piece = piece.slice(1);
      for (const char of piece) out.push({ char: char === ' ' ? space : char, from: at, to: at + units });
      if (piece !== '') afterSpace = piece.endsWith(' ');
      if (!removeExtraWhitespaces) afterSpace = false;
      at += units;
    }
    if (removeExtraWhitespaces) while (out.at(-1)?.char === space) out.pop();
    if (begun && addDummyPrefix && whitespaceAsSuffix)
      out.push({ char: space, from: source.length, to: source.length });
    return out;
  }
}

/** A character, and the range of the text before that it stands for. */
interface Rewritten {
  readonly char: string;
  readonly from: number;
  readonly to: number;
}

/** Replaces the whole text by other characters. */
function rewrite(text: NormalizedString, chars: readonly Rewritten[]): void {
  const { length } = text.text;
  const joined = chars.map(({ char }) => char).join('');
  const starts = new Int32Array(joined.length);
  const ends = new Int32Array(joined.length);
  let out = 0;
  for (const { char, from, to } of chars)
    for (let u = 0; u < char.length; u++) {
      const start = from < length ? text.startOf(from) : length === 0 ? text.shift : text.endOf(length - 1);
      starts[out] = start;
      ends[out++] = to > from ? text.endOf(to - 1) : start;
    }
  text.become(joined, starts, ends);
}
