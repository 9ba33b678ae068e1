// Tokens that are found in the text before the model sees it: special ones and others that were added.
import { isWhitespace, isWord } from './text/char-class';

/** A token added on top of the model's vocabulary, named as in `tokenizer.json`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only where no word character stands next to it. */
  readonly singleWord: boolean;
  /** Takes the white space on its left. */
  readonly lstrip: boolean;
  /** Takes the white space on its right. */
  readonly rstrip: boolean;
  /** Looked for in the normalised text, by its normalised content. */
  readonly normalized: boolean;
  /** Left out by `decode` on request. */
  readonly special: boolean;
  /** false: known to `decode` and by name only, never looked for in a text. */
  readonly matched?: boolean;
}

/** A stretch of text: one added token, or text for the model. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly token: AddedToken | undefined;
}

/** What ends at a node, read backwards: the longest token of those that begin at this place of the text. */
interface Match {
  readonly token: AddedToken;
  readonly length: number;
}

/** Units of tokens that a text is searched for: an engine may compare all of them at each place. */
const LONGEST_BEGINNING = 16;

interface Node {
  readonly next: Map<number, Node>;
  /** The longest other way to read the same units; the root has none. */
  other: Node | undefined;
  match: Match | undefined;
}

const newNode = (): Node => ({ next: new Map(), other: undefined, match: undefined });

/**
 * Finds tokens in text: the leftmost, and of those the longest. Tokens are read backwards, from the end of the text, by an
 * automaton (Aho and Corasick, 1975): it tells the longest token at each place and reads no unit twice, whatever the tokens.
 */
export class TokenMatcher {
  private readonly root = newNode();
  /** 2 for units that some token ends with, 1 for others of tokens: most of the text is passed over by reading an array. */
  private readonly kinds = new Uint8Array(0x10000);
  /** What the tokens of each first character have in common at the beginning. */
  private readonly beginnings: readonly string[];
  readonly isEmpty: boolean;

  constructor(tokens: Iterable<{ readonly text: string; readonly token: AddedToken }>) {
    const { root, kinds } = this;
    const beginnings = new Map<string, string>();
    for (const { text, token } of tokens) {
      const { length } = text;
      if (length === 0) continue;
      let node = root;
      for (let i = length - 1; i >= 0; i--) {
        const unit = text.charCodeAt(i);
        kinds[unit] ||= 1;
        const next = node.next.get(unit) ?? newNode();
        node.next.set(unit, next);
        node = next;
      }
      // Of tokens that are normalised to the same text the first counts.
      node.match ??= { token, length };
      kinds[text.charCodeAt(length - 1)] = 2;
      const first = text.charAt(0);
      const other = beginnings.get(first) ?? text;
      let common = 1;
      while (common < LONGEST_BEGINNING && common < length && other[common] === text[common]) common++;
      beginnings.set(first, text.slice(0, common));
    }
    this.beginnings = [...beginnings.values()];
    this.isEmpty = beginnings.size === 0;
    // Shorter ways to read come first, since longer ones take over what they match.
    const nodes = [root];
    for (const node of nodes)
      for (const [unit, child] of node.next) {
        child.other = step(node.other, unit) ?? root;
        child.match ??= child.other.match;
        nodes.push(child);
      }
  }

  /** Where tokens begin, the last one first, and the longest at each of these places. */
  private find(text: string): { readonly starts: number[]; readonly matches: Match[] } {
    const { root, kinds } = this;
    const starts: number[] = [];
    const matches: Match[] = [];
    let node = root;
    for (let at = text.length - 1; at >= 0; at--) {
      const unit = text.charCodeAt(at);
      if ((kinds[unit] as number) < (node === root ? 2 : 1)) {
        node = root;
        continue;
      }
      node = step(node, unit) ?? root;
      if (node.match === undefined) continue;
      starts.push(at);
      matches.push(node.match);
    }
    return { starts, matches };
  }

  /** False where no token's beginning is in the text: the engine's own search, far faster than ours. */
  mayMatch(text: string): boolean {
    return this.beginnings.length > 6 || this.beginnings.some((beginning) => text.includes(beginning));
  }

  /** Cuts a text at the tokens that count; the segments cover it. Tokens that `skip` names are found, but left as text. */
  split(text: string, skip?: (token: AddedToken) => boolean): Segment[] {
    const segments: Segment[] = [];
    if (text.length > 0 && !this.mayMatch(text)) return [{ start: 0, end: text.length, token: undefined }];
    const { starts, matches } = this.find(text);
    let covered = 0;
    let free = 0;
    for (let i = starts.length - 1; i >= 0; i--) {
      let start = starts[i] as number;
      if (start < free) continue;
      const { token, length } = matches[i] as Match;
      let end = start + length;
      free = end;
      if (skip?.(token)) continue;
      if (token.singleWord && (wordBefore(text, start) || wordAt(text, end))) continue;
      // A token before this one may have taken the space that this one begins with, and more: it isn't read again.
      if (token.lstrip) {
        start = Math.max(covered, start);
        while (start > covered && isWhitespace(text.charCodeAt(start - 1))) start--;
      }
      if (token.rstrip) {
        end = Math.max(covered, end);
        while (end < text.length && isWhitespace(text.charCodeAt(end))) end++;
      }
      if (covered < start) segments.push({ start: covered, end: start, token: undefined });
      if (start >= end) continue;
      segments.push({ start, end, token });
      covered = end;
    }
    if (covered < text.length) segments.push({ start: covered, end: text.length, token: undefined });
    return segments;
  }
}

/** Where a unit leads to from a node or, where it leads nowhere, from the other ways to read what led there. */
function step(from: Node | undefined, unit: number): Node | undefined {
  for (let node = from; node !== undefined; node = node.other) {
    const next = node.next.get(unit);
    if (next !== undefined) return next;
  }
  return undefined;
}

function wordBefore(text: string, at: number): boolean {
  if (at === 0) return false;
  const unit = text.charCodeAt(at - 1);
  const low = unit >= 0xdc00 && unit < 0xe000 && at > 1;
  return isWord(text.codePointAt(low ? at - 2 : at - 1) as number);
}

function wordAt(text: string, at: number): boolean {
  return at < text.length && isWord(text.codePointAt(at) as number);
}

/** The added tokens of a tokenizer, by content and by id. */
export class AddedTokens {
  private readonly byContent = new Map<string, AddedToken>();
  private readonly byId = new Map<number, AddedToken>();
  /** Normalised content of the tokens whose normalisation changes them, by id. */
  private readonly normalizedContents = new Map<number, string>();
  private rawMatcher: TokenMatcher | undefined;
  private normalizedMatcher: TokenMatcher | undefined;

  constructor(tokens: Iterable<AddedToken>, normalize: (text: string) => string) {
    for (const token of tokens) {
      if (token.content === '') continue;
      this.byContent.set(token.content, token);
      this.byId.set(token.id, token);
      if (!token.normalized) continue;
      const text = normalize(token.content);
      if (text !== token.content) this.normalizedContents.set(token.id, text);
    }
  }

  values(): IterableIterator<AddedToken> {
    return this.byId.values();
  }

  get(content: string): AddedToken | undefined {
    return this.byContent.get(content);
  }

  at(id: number): AddedToken | undefined {
    return this.byId.get(id);
  }

  /** The text that decoding starts from: the normalised one, so that the decoder can undo it. */
  decodingText(id: number): string | undefined {
    const token = this.byId.get(id);
    return token === undefined ? undefined : (this.normalizedContents.get(id) ?? token.content);
  }

  isSpecial(text: string): boolean {
    return this.byContent.get(text)?.special === true;
  }

  /** Finds the tokens that are looked for in the text as it comes. */
  get raw(): TokenMatcher {
    this.rawMatcher ??= this.build(false);
    return this.rawMatcher;
  }

  /** Finds the tokens that are looked for in the normalised text. */
  get normalized(): TokenMatcher {
    this.normalizedMatcher ??= this.build(true);
    return this.normalizedMatcher;
  }

  private build(normalized: boolean): TokenMatcher {
    const tokens = [...this.byId.values()].filter(
      (token) => token.normalized === normalized && token.matched !== false,
    );
    tokens.sort((a, b) => Number(b.special) - Number(a.special));
    return new TokenMatcher(
      tokens.map((token) => ({ text: this.normalizedContents.get(token.id) ?? token.content, token })),
    );
  }
}
