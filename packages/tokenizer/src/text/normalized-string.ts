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
  /** Original range of each unit; undefined while every unit still stands for itself. */
  private starts: Int32Array | undefined;
  private ends: Int32Array | undefined;
  /** Where this piece begins in the original text. */
  readonly shift: number;

  constructor(text: string, shift = 0, starts?: Int32Array, ends?: Int32Array) {
    this.text = text;
    this.shift = shift;
    this.starts = starts;
    this.ends = ends;
  }

  /** Original start of the unit at `index`. */
  startOf(index: number): number {
    if (this.starts !== undefined) return this.starts[index] as number;
    return this.shift + index - (isTrail(this.text, index) ? 1 : 0);
  }

  /** Original end of the unit at `index`. */
  endOf(index: number): number {
    if (this.ends !== undefined) return this.ends[index] as number;
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
      this.starts = starts;
      this.ends = ends;
    }
    return { starts: this.starts, ends: this.ends };
  }

  slice(start: number, end: number): NormalizedString {
    const shift = start < end ? this.startOf(start) : this.shift;
    return new NormalizedString(
      this.text.slice(start, end),
      shift,
      this.starts?.subarray(start, end),
      this.ends?.subarray(start, end),
    );
  }

  /** Replaces the whole text; `skip` characters at its front are dropped first. */
  transform(changes: readonly Change[], skip = 0): void {
    this.transformRange(0, this.text.length, changes, skip);
  }

  /** Replaces the units [from, to). */
  transformRange(from: number, to: number, changes: readonly Change[], skip = 0): void {
    const old = this.materialize();
    const text = this.text;
    let at = from;
    for (let i = 0; i < skip; i++) at += charLength(text, at);
    let units = 0;
    for (const { char } of changes) units += char.length;
    const starts = new Int32Array(units);
    const ends = new Int32Array(units);
    let out = 0;
    let result = '';
    for (const { char, change } of changes) {
      const source = change > 0 ? at - 1 : at;
      const start = source < 0 ? this.shift : (old.starts[source] as number);
      const end = source < 0 ? this.shift : (old.ends[source] as number);
      if (change <= 0) for (let eaten = change; eaten <= 0 && at < to; eaten++) at += charLength(text, at);
      for (let u = 0; u < char.length; u++) {
        starts[out] = start;
        ends[out++] = end;
      }
      result += char;
    }
    this.splice(from, to, result, starts, ends);
  }

  private splice(from: number, to: number, text: string, starts: Int32Array, ends: Int32Array): void {
    if (from === 0 && to === this.text.length) {
      this.text = text;
      this.starts = starts;
      this.ends = ends;
      return;
    }
    const old = this.materialize();
    const merge = (a: Int32Array, b: Int32Array): Int32Array => {
      const merged = new Int32Array(a.length - (to - from) + b.length);
      merged.set(a.subarray(0, from));
      merged.set(b, from);
      merged.set(a.subarray(to), from + b.length);
      return merged;
    };
    this.text = this.text.slice(0, from) + text + this.text.slice(to);
    this.starts = merge(old.starts, starts);
    this.ends = merge(old.ends, ends);
  }

  /** Replaces the whole text by characters of which each names the range of the present text that it stands for. */
  rewrite(chars: readonly { readonly char: string; readonly from: number; readonly to: number }[]): void {
    let units = 0;
    for (const { char } of chars) units += char.length;
    const starts = new Int32Array(units);
    const ends = new Int32Array(units);
    const length = this.text.length;
    let out = 0;
    for (const { char, from, to } of chars)
      for (let u = 0; u < char.length; u++) {
        const start = from < length ? this.startOf(from) : length === 0 ? this.shift : this.endOf(length - 1);
        starts[out] = start;
        ends[out++] = to > from ? this.endOf(to - 1) : start;
      }
    this.text = chars.map(({ char }) => char).join('');
    this.starts = starts;
    this.ends = ends;
  }

  /** Keeps the code points for which `keep` is true. */
  filter(keep: (codePoint: number) => boolean): void {
    const changes: { char: string; change: number }[] = [];
    let removed = 0;
    let skip = 0;
    let dropped = false;
    for (const char of this.text) {
      if (keep(char.codePointAt(0) as number)) {
        const last = changes.at(-1);
        if (last === undefined) skip = removed;
        else last.change = -removed;
        changes.push({ char, change: 0 });
        removed = 0;
      } else {
        dropped = true;
        removed++;
      }
    }
    if (!dropped) return;
    const last = changes.at(-1);
    if (last !== undefined) last.change = -removed;
    this.transform(changes, skip);
  }

  /** Maps each code point to one character, or to several of which the later ones are insertions. */
  mapChars(map: (char: string) => string): void {
    const changes: Change[] = [];
    let changed = false;
    for (const char of this.text) {
      const mapped = map(char);
      if (mapped !== char) changed = true;
      let first = true;
      for (const piece of mapped) {
        changes.push({ char: piece, change: first ? 0 : 1 });
        first = false;
      }
    }
    if (changed) this.transform(changes);
  }

  prepend(prefix: string): void {
    if (this.text.length === 0) return;
    const next = this.text.slice(0, charLength(this.text, 0));
    const changes: Change[] = [];
    for (const char of prefix) changes.push({ char, change: changes.length === 0 ? 0 : 1 });
    changes.push({ char: next, change: 1 });
    this.transformRange(0, next.length, changes);
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
    this.text = parts.join('');
    this.starts = starts;
    this.ends = ends;
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
  return unit >= 0xd800 && unit < 0xdc00 && index + 1 < text.length ? 2 : 1;
}
