// A string under change that remembers which part of the original each of its UTF-16 units came from.
// Alignments follow huggingface/tokenizers, whose offsets are the reference: see its `normalizer.rs`.

/** What a character of the new text does to the old one: 0 replaces one, n > 0 is inserted, n < 0 also eats −n. */
export interface Change {
  readonly char: string;
  readonly change: number;
}

/** Where a split pattern matched; matches and gaps together cover the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly match: boolean;
}

/** What becomes of what a split matches: gone, a piece of its own, or part of a neighbour. */
export type SplitBehavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

export class NormalizedString {
  text: string;
  /** Original range of each unit, from `first` on; undefined while every unit still stands for itself. */
  private starts: Int32Array | undefined;
  private ends: Int32Array | undefined;
  /** Pieces of a text share its ranges until they change: views of them would weigh more than most pieces. */
  private first: number;
  /** Where this piece begins in the original text. */
  readonly shift: number;

  constructor(text: string, shift = 0, starts?: Int32Array, ends?: Int32Array, first = 0) {
    this.text = text;
    this.shift = shift;
    this.starts = starts;
    this.ends = ends;
    this.first = first;
  }

  /** Original start of the unit at `index`. */
  startOf(index: number): number {
    if (this.starts !== undefined) return this.starts[this.first + index] as number;
    return this.shift + index - (isTrail(this.text, index) ? 1 : 0);
  }

  /** Original end of the unit at `index`. */
  endOf(index: number): number {
    if (this.ends !== undefined) return this.ends[this.first + index] as number;
    return this.shift + index + (isTrail(this.text, index + 1) ? 2 : 1);
  }

  private materialize(): { starts: Int32Array; ends: Int32Array } {
    if (this.starts === undefined || this.ends === undefined) {
      const n = this.text.length;
      const starts = new Int32Array(n);
      const ends = new Int32Array(n);
      for (let i = 0; i < n; i++) {
        starts[i] = this.startOf(i);
        ends[i] = this.endOf(i);
      }
      return this.become(this.text, starts, ends);
    }
    const { text, first } = this;
    if (this.starts.length === text.length) return { starts: this.starts, ends: this.ends };
    const end = first + text.length;
    return this.become(text, this.starts.subarray(first, end), this.ends.subarray(first, end));
  }

  /** Takes another text, each unit of which stands for a range of the original. */
  become(text: string, starts: Int32Array, ends: Int32Array): { starts: Int32Array; ends: Int32Array } {
    this.text = text;
    this.starts = starts;
    this.ends = ends;
    this.first = 0;
    return { starts, ends };
  }

  slice(start: number, end: number): NormalizedString {
    const shift = start < end ? this.startOf(start) : this.shift;
    return new NormalizedString(this.text.slice(start, end), shift, this.starts, this.ends, this.first + start);
  }

  /** Replaces the whole text; `skip` characters at its front are dropped first. */
  transform(changes: readonly Change[], skip = 0): void {
    const old = this.materialize();
    const text = this.text;
    let at = 0;
    for (let i = 0; i < skip; i++) at += charLength(text, at);
    let units = 0;
    for (const { char } of changes) units += char.length;
    const starts = new Int32Array(units);
    const ends = new Int32Array(units);
    let out = 0;
    const chars: string[] = [];
    for (const { char, change } of changes) {
      const source = change > 0 ? at - 1 : at;
      const start = source < 0 ? this.shift : (old.starts[source] as number);
      const end = source < 0 ? this.shift : (old.ends[source] as number);
      if (change <= 0) for (let eaten = change; eaten <= 0 && at < text.length; eaten++) at += charLength(text, at);
      for (let u = 0; u < char.length; u++) {
        starts[out] = start;
        ends[out++] = end;
      }
      chars.push(char);
    }
    this.become(chars.join(''), starts, ends);
  }

  /** Keeps the code points for which `keep` is true. */
  filter(keep: (codePoint: number) => boolean): void {
    this.mapChars((char) => (keep(char.codePointAt(0) as number) ? char : ''));
  }

  /** Maps each code point to characters that all stand for it, or to nothing. */
  mapChars(map: (char: string) => string): void {
    const parts: string[] = [];
    let units = 0;
    let changed = false;
    for (const char of this.text) {
      const mapped = map(char);
      if (mapped !== char) changed = true;
      units += mapped.length;
      parts.push(mapped);
    }
    if (!changed) return;
    const starts = new Int32Array(units);
    const ends = new Int32Array(units);
    let at = 0;
    let out = 0;
    for (const { length } of parts) {
      for (const stop = out + length; out < stop; out++) {
        starts[out] = this.startOf(at);
        ends[out] = this.endOf(at);
      }
      at += charLength(this.text, at);
    }
    this.become(parts.join(''), starts, ends);
  }

  prepend(prefix: string): void {
    const { text } = this;
    if (text.length === 0) return;
    const starts = new Int32Array(prefix.length + text.length);
    const ends = new Int32Array(starts.length);
    // What is put before the first character stands for it. Behind nothing it counts as inserted, as in the reference.
    const first = prefix.length + charLength(text, 0);
    starts.fill(prefix ? this.startOf(0) : this.shift, 0, first);
    ends.fill(prefix ? this.endOf(0) : this.shift, 0, first);
    for (let i = first; i < starts.length; i++) {
      starts[i] = this.startOf(i - prefix.length);
      ends[i] = this.endOf(i - prefix.length);
    }
    this.become(prefix + text, starts, ends);
  }

  /** Replaces every match by `content`, whose characters all point at the match's last unit. */
  replace(spans: readonly Span[], content: string): void {
    if (!spans.some((span) => span.match)) return;
    const old = this.materialize();
    const parts: string[] = [];
    let units = 0;
    for (const { start, end, match } of spans) units += match ? content.length : end - start;
    const starts = new Int32Array(units);
    const ends = new Int32Array(units);
    let out = 0;
    for (const { start, end, match } of spans) {
      if (!match) {
        starts.set(old.starts.subarray(start, end), out);
        ends.set(old.ends.subarray(start, end), out);
        out += end - start;
        parts.push(this.text.slice(start, end));
        continue;
      }
      const source = end - 1;
      for (let u = 0; u < content.length; u++) {
        starts[out] = source < 0 ? this.shift : (old.starts[source] as number);
        ends[out++] = source < 0 ? this.shift : (old.ends[source] as number);
      }
      parts.push(content);
    }
    this.become(parts.join(''), starts, ends);
  }

  split(spans: readonly Span[], behavior: SplitBehavior): NormalizedString[] {
    const pieces: NormalizedString[] = [];
    for (const { start, end, match } of mergeSpans(spans, behavior)) {
      if (match && behavior === 'Removed') continue;
      if (start < end) pieces.push(this.slice(start, end));
    }
    return pieces;
  }
}

/** Joins matches and gaps as a split behaviour asks; pure arithmetic on ranges. */
export function mergeSpans(spans: readonly Span[], behavior: SplitBehavior): readonly Span[] {
  if (behavior === 'Isolated' || behavior === 'Removed') return spans;
  const merged: { start: number; end: number; match: boolean }[] = [];
  let previous = false;
  if (behavior === 'MergedWithNext') {
    for (let i = spans.length - 1; i >= 0; i--) {
      const span = spans[i] as Span;
      const last = merged.at(-1);
      if (span.match && !previous && last !== undefined) last.start = span.start;
      else merged.push({ ...span });
      previous = span.match;
    }
    return merged.reverse();
  }
  for (const span of spans) {
    const last = merged.at(-1);
    const join = behavior === 'Contiguous' ? span.match === previous : span.match && !previous;
    if (join && last !== undefined) last.end = span.end;
    else merged.push({ ...span });
    previous = span.match;
  }
  return merged;
}

function isTrail(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xdc00 && unit < 0xe000;
}

function charLength(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit < 0xdc00 && isTrail(text, index + 1) ? 2 : 1;
}
