// A regular expression that takes time in proportion to the text, whatever the text, for the patterns that an engine may
// take far longer for. It goes through the same choices in the same order, but never twice through one that failed.

import type { TokenizerError } from '../errors';
import { longer } from './column';
import type { PatternNode } from './onig-parser';
import { ASSERT, ATOMIC, CHAR, Compiler, ENGINE, JUMP, LOOK, type Program, SPLIT } from './regex-program';

/** What finds the matches of a pattern from `lastIndex` on: a RegExp is one. */
export interface Searcher {
  lastIndex: number;
  exec(text: string): { readonly index: number; readonly 0: string } | null;
}

/** Choices times characters: 256 MB to remember them. */
const MAX_MARKS = 2 ** 31;

const NOTHING = new Uint32Array(0);

/** A set, and what is known of its members. */
class CharSet {
  private readonly known = new Map<number, boolean>();

  constructor(private readonly regex: RegExp) {}

  has(point: number): boolean {
    let found = this.known.get(point);
    if (found === undefined) {
      found = this.regex.test(String.fromCodePoint(point));
      this.known.set(point, found);
    }
    return found;
  }
}

/** Searches by instructions, and remembers for the whole of a text which choices failed where. */
export class LinearRegex implements Searcher {
  lastIndex = 0;
  /** How many instructions were run: what the tests of linearity count. */
  steps = 0;
  private readonly program: Program;
  private readonly sets: readonly CharSet[];
  private text = '';
  /** A bit for each choice at each place of the text: set while a choice is open, and when it failed. */
  private failed = NOTHING;
  /** Where a part of the pattern ended that matched. */
  private readonly ends = new Map<number, number>();
  /** Choices that are left, two numbers each; one that is negated only tells that a choice has nothing left. */
  private stack = new Int32Array(64);
  private top = 0;

  /** `print` gives a node in JavaScript's dialect. */
  constructor(
    tree: PatternNode,
    print: (node: PatternNode) => string,
    private readonly refuse: (expected: string) => TokenizerError,
  ) {
    this.program = new Compiler(print, refuse).finish(tree);
    this.sets = this.program.sets.map((set) => new CharSet(set));
  }

  exec(text: string): { readonly index: number; readonly 0: string } | null {
    if (this.lastIndex === 0 || text !== this.text) {
      const { choiceCount } = this.program;
      const marks = choiceCount * (text.length + 1);
      if (marks > MAX_MARKS)
        throw this.refuse(`a text of at most ${Math.floor(MAX_MARKS / choiceCount) - 1} characters for this pattern`);
      this.text = text;
      this.failed = new Uint32Array(Math.ceil(marks / 32));
      this.ends.clear();
    }
    for (let start = this.lastIndex; start <= text.length; start += widthAt(text, start)) {
      const end = this.run(0, start, false);
      if (end < 0) continue;
      this.lastIndex = end;
      return { index: start, 0: text.slice(start, end) };
    }
    this.lastIndex = 0;
    this.text = ''; // what was kept for this text may be large
    this.failed = NOTHING;
    this.ends.clear();
    return null;
  }

  private push(place: number, at: number): void {
    if (this.top + 2 > this.stack.length) this.stack = longer(this.stack);
    this.stack[this.top++] = place;
    this.stack[this.top++] = at;
  }

  private key(place: number, at: number): number {
    return (this.program.choices[place] as number) * (this.text.length + 1) + at;
  }

  /** Where the match ends that starts with the instruction `from` at `start`, or −1. A part's result is remembered. */
  private run(from: number, start: number, isPart: boolean): number {
    const bottom = this.top;
    this.push(from, start);
    while (this.top > bottom) {
      const at = this.stack[--this.top] as number;
      const place = this.stack[--this.top] as number;
      const end = place < 0 ? -1 : this.follow(place, at, isPart);
      if (end < 0) continue;
      while (this.top > bottom) {
        const there = this.stack[--this.top] as number;
        const choice = ~(this.stack[--this.top] as number);
        if (choice < 0) continue;
        const key = this.key(choice, there);
        this.failed[key >>> 5] = (this.failed[key >>> 5] as number) & ~(1 << (key & 31));
        if (isPart) this.ends.set(key, end);
      }
      return end;
    }
    return -1;
  }

  /** Goes on until the match ends or fails (−1); other choices are left on the stack. */
  private follow(from: number, start: number, isPart: boolean): number {
    const { text, failed, program } = this;
    const { codes, firsts, seconds } = program;
    let place = from;
    let at = start;
    for (;;) {
      this.steps++;
      const first = firsts[place] as number;
      switch (codes[place]) {
        case CHAR:
          if (at >= text.length || !this.sets[first]?.has(text.codePointAt(at) as number)) return -1;
          at += widthAt(text, at);
          place++;
          break;
        case SPLIT: {
          const key = this.key(place, at);
          const known = isPart ? this.ends.get(key) : undefined;
          if (known !== undefined) return known;
          const bits = failed[key >>> 5] as number;
          if ((bits & (1 << (key & 31))) !== 0) return -1;
          failed[key >>> 5] = bits | (1 << (key & 31));
          this.push(~place, at);
          this.push(seconds[place] as number, at);
          place = first;
          break;
        }
        case JUMP:
          place = first;
          break;
        case ASSERT:
        case ENGINE: {
          const regex = program.stickies[first] as RegExp;
          regex.lastIndex = at;
          if (!regex.test(text)) return -1;
          at = regex.lastIndex;
          place++;
          break;
        }
        case LOOK:
          if (this.run(place + 1, at, true) >= 0 === (first === 1)) return -1;
          place = seconds[place] as number;
          break;
        case ATOMIC: {
          const end = this.run(place + 1, at, true);
          if (end < 0) return -1;
          at = end;
          place = seconds[place] as number;
          break;
        }
        default:
          return at;
      }
    }
  }
}

function widthAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit < 0xdc00 ? 2 : 1;
}
