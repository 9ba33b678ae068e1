// Writes a pattern as instructions, which `linear-regex.ts` follows.
import type { TokenizerError } from '../errors';
import type { PatternNode } from './onig-parser';
import { hasBackreference, hasLoop, isNullable } from './regex-analysis';

// Instructions: what to do, and one or two numbers.
export const CHAR = 0; // a set's index
export const SPLIT = 1; // where to go on, and where to go on when that failed
export const JUMP = 2; // where to
export const ASSERT = 3; // an assertion's index
export const LOOK = 4; // 1 if negated, and where to go on; what it looks for follows
export const ATOMIC = 5; // where to go on; what it holds follows
export const ENGINE = 6; // the index of an expression that the engine matches, the rest of its alternative included
export const ACCEPT = 7;

/** Repeats are written out, so that a pattern can be longer than it looks. */
const MAX_SIZE = 5000;

/** A pattern as instructions. */
export interface Program {
  readonly codes: number[];
  readonly firsts: number[];
  readonly seconds: number[];
  /** The number of each choice; −1 for what is none. */
  readonly choices: number[];
  readonly choiceCount: number;
  readonly sets: RegExp[];
  /** Assertions, and what the engine matches. */
  readonly stickies: RegExp[];
}

/** Writes a pattern as instructions. */
export class Compiler implements Program {
  readonly codes: number[] = [];
  readonly firsts: number[] = [];
  readonly seconds: number[] = [];
  readonly choices: number[] = [];
  choiceCount = 0;
  readonly sets: RegExp[] = [];
  readonly stickies: RegExp[] = [];
  private readonly setIndex = new Map<string, number>();
  private inner = 0;

  constructor(
    private readonly print: (node: PatternNode) => string,
    private readonly refuse: (expected: string) => TokenizerError,
  ) {}

  private emit(code: number, first = 0, second = 0): number {
    if (this.codes.length >= MAX_SIZE) throw this.refuse(`a pattern of at most ${MAX_SIZE} steps, repeats written out`);
    this.codes.push(code);
    this.firsts.push(first);
    this.seconds.push(second);
    this.choices.push(code === SPLIT ? this.choiceCount++ : -1);
    return this.codes.length - 1;
  }

  private get end(): number {
    return this.codes.length;
  }

  private sticky(code: number, source: string): void {
    this.emit(code, this.stickies.push(new RegExp(source, 'vy')) - 1);
  }

  private set(source: string): void {
    let index = this.setIndex.get(source);
    if (index === undefined) {
      index = this.sets.push(new RegExp(`^${source}$`, 'v')) - 1;
      this.setIndex.set(source, index);
    }
    this.emit(CHAR, index);
  }

  write(node: PatternNode): void {
    switch (node.type) {
      case 'set':
        this.set(node.source);
        break;
      case 'assert':
        this.sticky(ASSERT, node.source);
        break;
      case 'sequence':
        for (const item of node.items) this.write(item);
        break;
      case 'alternatives':
        this.alternatives(node.items, (item) => this.write(item));
        break;
      case 'capture':
        this.write(node.item);
        break;
      case 'look':
        if (!hasLoop(node)) this.sticky(ASSERT, this.print(node));
        else if (node.behind) throw this.refuse('a look-behind of bounded length');
        else this.within(LOOK, node.item, Number(node.negated));
        break;
      case 'atomic':
        this.within(ATOMIC, node.item);
        break;
      case 'backreference':
        throw this.refuse('no back-reference beside repeats that could take for ever');
      case 'repeat':
        if (node.mode === 'possessive') this.within(ATOMIC, { ...node, mode: 'greedy' });
        else this.repeat(node);
        break;
      default:
        node satisfies never;
    }
  }

  private alternatives(items: readonly PatternNode[], write: (item: PatternNode) => void): void {
    const jumps: number[] = [];
    for (const [i, item] of items.entries()) {
      const isLast = i === items.length - 1;
      const split = isLast ? -1 : this.emit(SPLIT, this.end + 1);
      write(item);
      if (isLast) break;
      jumps.push(this.emit(JUMP));
      this.seconds[split] = this.end;
    }
    for (const jump of jumps) this.firsts[jump] = this.end;
  }

  private repeat({ item, min, max, mode }: Extract<PatternNode, { type: 'repeat' }>): void {
    for (let i = 0; i < min; i++) this.write(item);
    const splits: number[] = [];
    const optional = (): void => {
      splits.push(this.emit(SPLIT));
      this.write(item);
    };
    if (max === Number.POSITIVE_INFINITY) {
      // A choice that seems to have failed may only have come round to itself: true of the whole, not of a part.
      if (this.inner > 0 && isNullable(item)) throw this.refuse('a repeat of something that is not empty');
      optional();
      this.emit(JUMP, splits[0]);
    } else for (let i = min; i < max; i++) optional();
    for (const split of splits) {
      const [go, leave] = [split + 1, this.end];
      this.firsts[split] = mode === 'lazy' ? leave : go;
      this.seconds[split] = mode === 'lazy' ? go : leave;
    }
  }

  private within(code: number, item: PatternNode, negated = 0): void {
    const at = this.emit(code, negated);
    this.inner++;
    this.write(item);
    this.inner--;
    this.emit(ACCEPT);
    this.seconds[at] = this.end;
  }

  finish(node: PatternNode): Program {
    // A whole alternative with back-references, but no loop, takes the engine no time, and nothing comes back to it.
    this.alternatives(node.type === 'alternatives' ? node.items : [node], (item) => {
      if (hasBackreference(item) && !hasLoop(item)) this.sticky(ENGINE, this.print(item));
      else this.write(item);
    });
    this.emit(ACCEPT);
    return this;
  }
}
