// What a pattern may cost an engine that tries one way after another. Nothing is matched here.
import type { PatternNode } from './onig-parser';

type Repeat = Extract<PatternNode, { type: 'repeat' }>;

/** A repeat of more than this counts as one without end. */
const FEW = 16;
/** Ways to match something without such repeats that are worth no thought. */
const MANY_WAYS = 1000;

/**
 * True where a loop inside a loop could split one text in exponentially many ways, such as `(a+)+`.
 * A loop whose body must start with something that its inner loop cannot eat is still reported: the price of a
 * simple rule is that such a pattern is refused rather than risked.
 */
export function mayBacktrackForever(node: PatternNode, insideLoop = false): boolean {
  switch (node.type) {
    case 'set':
    case 'assert':
    case 'backreference':
      return false;
    case 'alternatives':
    case 'sequence':
      return node.items.some((item) => mayBacktrackForever(item, insideLoop));
    case 'atomic':
    case 'look':
      return mayBacktrackForever(node.item, false);
    case 'capture':
      return mayBacktrackForever(node.item, insideLoop);
    case 'repeat': {
      const loops = node.max > 1 && node.mode !== 'possessive';
      const unbounded = node.max > 1000 && node.mode !== 'possessive';
      if (unbounded && insideLoop) return true;
      return mayBacktrackForever(node.item, node.mode === 'possessive' ? false : insideLoop || (loops && unbounded));
    }
    default:
      return node satisfies never;
  }
}

/** Whether a test holds for it or for anything in it. */
function someNode(node: PatternNode, test: (node: PatternNode) => boolean): boolean {
  if (test(node)) return true;
  if ('items' in node) return node.items.some((item) => someNode(item, test));
  return 'item' in node && someNode(node.item, test);
}

/** Whether a repeat of many is anywhere in it. */
export function hasLoop(tree: PatternNode): boolean {
  return someNode(tree, (node) => node.type === 'repeat' && node.max > FEW);
}

export function hasBackreference(tree: PatternNode): boolean {
  return someNode(tree, ({ type }) => type === 'backreference');
}

/** Whether it can match the empty text. */
export function isNullable(node: PatternNode): boolean {
  switch (node.type) {
    case 'set':
      return false;
    case 'assert':
    case 'look':
    case 'backreference':
      return true;
    case 'alternatives':
      return node.items.some(isNullable);
    case 'sequence':
      return node.items.every(isNullable);
    case 'repeat':
      return node.min === 0 || isNullable(node.item);
    default:
      return isNullable(node.item);
  }
}

/** In how many ways it may match one text, at most, or a number that is too large. It has no loops. */
function waysOf(node: PatternNode): number {
  switch (node.type) {
    case 'alternatives':
      return node.items.reduce((sum, item) => sum + waysOf(item), 0);
    case 'sequence':
      return node.items.reduce((product, item) => product * waysOf(item), 1);
    case 'repeat': {
      const ways = waysOf(node.item);
      let sum = 0;
      for (let i = node.min; i <= node.max; i++) sum += ways ** i;
      return sum;
    }
    case 'capture':
    case 'atomic':
    case 'look':
      return waysOf(node.item);
    default:
      return 1;
  }
}

/** A pattern without its outer groups, as a list. */
function listOf(node: PatternNode, type: 'alternatives' | 'sequence'): readonly PatternNode[] {
  if (node.type === 'capture') return listOf(node.item, type);
  if (node.type === type) return node.items.flatMap((item) => listOf(item, type));
  return [node];
}

/** The characters that a loop eats where it is one of single characters. */
function eaten(node: PatternNode | undefined): string | undefined {
  if (node?.type !== 'repeat' || node.max <= FEW || node.min > FEW) return undefined;
  const [item, ...more] = listOf(node.item, 'sequence');
  return item?.type === 'set' && more.length === 0 ? item.source : undefined;
}

const canBeLeftOut = (node: PatternNode): node is Repeat => node.type === 'repeat' && node.min === 0;

/**
 * Where an alternative's first loop starts and whether something may fail after it; undefined where the alternative could
 * go over a text more than a few times. `fails` needs that a later alternative takes all that the loop went over.
 */
function firstLoop(items: readonly PatternNode[]): { readonly at: number; readonly fails: boolean } | undefined {
  const simple = (node: PatternNode): boolean => !hasLoop(node);
  if (items.some((node) => !simple(node) && eaten(node) === undefined)) return undefined;
  if (items.filter(simple).reduce((product, node) => product * waysOf(node), 1) > MANY_WAYS) return undefined;
  const loop = items.findIndex((node) => !simple(node));
  const at = loop < 0 ? items.length : loop;
  const needed = items.findIndex((node, i) => i > at && !canBeLeftOut(node));
  if (needed < 0) return { at, fails: false };
  const isClose = items.slice(at + 1, needed).every(simple) && items.slice(needed + 1).every(canBeLeftOut);
  return isClose ? { at, fails: true } : undefined;
}

/**
 * Whether an engine that tries one way after another takes time in proportion to any text. Known to be so are patterns
 * like those of GPT-2 and its successors: alternatives of single characters and runs, where a run that is followed by
 * something that can fail is also an alternative without it. Of other patterns nothing is known.
 */
export function isKnownLinear(tree: PatternNode): boolean {
  const alternatives = listOf(tree, 'alternatives').map((alternative) => listOf(alternative, 'sequence'));
  const loops = alternatives.map(firstLoop);
  return loops.every((loop, i) => {
    if (loop === undefined) return false;
    if (!loop.fails) return true;
    const wanted = eaten(alternatives[i]?.[loop.at]);
    for (let next = i + 1; next < alternatives.length; next++) {
      const items = alternatives[next] as readonly PatternNode[];
      const other = loops[next];
      const run = items[other?.at ?? 0];
      // Anything else might take a little, and leave the rest to be gone over again.
      if (other === undefined || run?.type !== 'repeat' || run.mode === 'lazy' || run.min > 1 || eaten(run) !== wanted)
        return false;
      if (!items.slice(0, other.at).every(canBeLeftOut)) return false;
      if (!other.fails) return true;
    }
    return false;
  });
}
