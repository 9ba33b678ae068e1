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

interface Node {
  readonly next: Map<number, Node>;
  token: AddedToken | undefined;
}

/** Finds tokens in text: the leftmost, and of those the longest. */
export class TokenMatcher {
  private readonly root: Node = { next: new Map(), token: undefined };
  /** Units that some token starts with, so that most of the text is passed over at the speed of an array read. */
  private readonly starts = new Uint8Array(0x10000);
  private readonly firsts: readonly string[];
  readonly isEmpty: boolean;

  /** `skip` names tokens that are matched, so that nothing shorter is, but then left as text. */
  constructor(
    tokens: Iterable<{ readonly text: string; readonly token: AddedToken }>,
    private readonly skip: (token: AddedToken) => boolean = () => false,
  ) {
    let count = 0;
    for (const { text, token } of tokens) {
      if (text.length === 0) continue;
      count++;
      let node = this.root;
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        let next = node.next.get(unit);
        if (next === undefined) {
          next = { next: new Map(), token: undefined };
          node.next.set(unit, next);
        }
        node = next;
      }
      // Of tokens that are normalised to the same text the first counts.
      node.token ??= token;
      this.starts[text.charCodeAt(0)] = 1;
    }
    this.isEmpty = count === 0;
    this.firsts = Array.from(this.root.next.keys(), (unit) => String.fromCharCode(unit));
  }

  /** The first match at or after `from`. */
  private find(text: string, from: number): { start: number; end: number; token: AddedToken } | undefined {
    const { starts } = this;
    for (let start = from; start < text.length; start++) {
      if (starts[text.charCodeAt(start)] === 0) continue;
      let node = this.root.next.get(text.charCodeAt(start));
      let found: { start: number; end: number; token: AddedToken } | undefined;
      for (let at = start + 1; node !== undefined; at++) {
        if (node.token !== undefined) found = { start, end: at, token: node.token };
        node = at < text.length ? node.next.get(text.charCodeAt(at)) : undefined;
      }
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** False where no token's first character is in the text: the engine's own search, far faster than ours. */
  mayMatch(text: string): boolean {
    if (this.firsts.length > 6) return true;
    for (const first of this.firsts) if (text.includes(first)) return true;
    return false;
  }

  /** Cuts a text at the tokens that count; the segments cover it. */
  split(text: string): Segment[] {
    const segments: Segment[] = [];
    if (text.length > 0 && !this.mayMatch(text)) return [{ start: 0, end: text.length, token: undefined }];
    let covered = 0;
    for (let match = this.find(text, 0); match !== undefined; match = this.find(text, match.end)) {
      const { token } = match;
      let { start, end } = match;
      if (this.skip(token)) continue;
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
  private readonly specials = new Set<string>();
  private rawMatcher: TokenMatcher | undefined;
  private normalizedMatcher: TokenMatcher | undefined;

  constructor(tokens: Iterable<AddedToken>, normalize: (text: string) => string) {
    for (const token of tokens) {
      if (token.content === '') continue;
      this.byContent.set(token.content, token);
      this.byId.set(token.id, token);
      if (token.special) this.specials.add(token.content);
      if (!token.normalized) continue;
      const text = normalize(token.content);
      if (text !== token.content) this.normalizedContents.set(token.id, text);
    }
  }

  get size(): number {
    return this.byContent.size;
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
    return this.specials.has(text);
  }

  /** Finds the tokens that are looked for in the text as it comes. */
  raw(skip?: (token: AddedToken) => boolean): TokenMatcher {
    if (skip !== undefined) return this.build(false, skip);
    this.rawMatcher ??= this.build(false);
    return this.rawMatcher;
  }

  /** Finds the tokens that are looked for in the normalised text. */
  normalized(skip?: (token: AddedToken) => boolean): TokenMatcher {
    if (skip !== undefined) return this.build(true, skip);
    this.normalizedMatcher ??= this.build(true);
    return this.normalizedMatcher;
  }

  private build(normalized: boolean, skip?: (token: AddedToken) => boolean): TokenMatcher {
    const tokens = [...this.byId.values()].filter(
      (token) => token.normalized === normalized && token.matched !== false,
    );
    tokens.sort((a, b) => Number(b.special) - Number(a.special));
    return new TokenMatcher(
      tokens.map((token) => ({ text: this.normalizedContents.get(token.id) ?? token.content, token })),
      skip,
    );
  }
}
