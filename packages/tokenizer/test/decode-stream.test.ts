// Streams of ids that give no text for long: time in proportion to their number, and nothing lost after them.
import { describe, expect, it, vi } from 'vitest';
import { cleanUpSpaces } from '../src/formats/clean-up';
import { DecodeStream } from '../src/index';
import { tokenizerFromJSON } from '../src/sync';
import { BYTE_CHARS } from '../src/text/byte-alphabet';

const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
const byteLevel = tokenizerFromJSON({
  model: { type: 'BPE', vocab: Object.fromEntries(BYTE_CHARS.map((char, id) => [char, id])), merges: [] },
  decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
  added_tokens: [{ ...special, id: 256, content: '<pad>' }],
});
const fallback = tokenizerFromJSON({
  model: {
    type: 'BPE',
    vocab: Object.fromEntries([
      ...Array.from({ length: 256 }, (_, byte) => [`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, byte]),
      ['▁a', 256],
    ]),
    merges: [],
  },
  decoder: {
    type: 'Sequence',
    decoders: [
      { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
      { type: 'ByteFallback' },
      { type: 'Fuse' },
      { type: 'Strip', content: ' ', start: 1, stop: 0 },
    ],
  },
});

/** Tokens that a stream of ids hands to its decoder, all calls together. */
function decodedTokens(tokenizer: typeof byteLevel, ids: readonly number[]): number {
  let count = 0;
  const stream = new DecodeStream(
    (more) => more.map((id) => tokenizer.idToToken(id) as string).filter((token) => token !== '<pad>'),
    (tokens) => {
      count += tokens.length;
      return tokenizer.decode(tokens.map((token) => tokenizer.tokenToId(token) as number));
    },
  );
  let text = '';
  for (const id of ids) text += stream.push(id);
  expect(text + stream.end()).toBe(tokenizer.decode(ids));
  return count;
}

describe('a stream', () => {
  const idOf = (byte: number): number => byteLevel.tokenToId(BYTE_CHARS[byte] as string) as number;
  it.each([
    ['bytes that go on with no character', byteLevel, [idOf(0x80)]],
    ['bytes that begin characters', byteLevel, [idOf(0xe2)]],
    ['characters that stay unfinished', byteLevel, [idOf(0xe2), idOf(0x82)]],
    ['U+FFFD written out', byteLevel, [idOf(0xef), idOf(0xbf), idOf(0xbd)]],
    ['bytes in place of tokens', fallback, [0x80]],
    ['special tokens', byteLevel, [256]],
  ] as const)('of %s is decoded in linear time', (_, tokenizer, period) => {
    const work = (length: number): number =>
      decodedTokens(
        tokenizer,
        Array.from({ length }, (_, i) => period[i % period.length] as number),
      );
    expect(work(30_000) / Math.max(1, work(3_000))).toBeLessThan(15);
  });
  it('gives characters as soon as they are whole, however long it gave none', () => {
    const stream = byteLevel.decodeStream();
    const held = Array.from({ length: 1000 }, () => stream.push(idOf(0x80))).join('');
    expect(held).toBe('');
    expect(stream.push(idOf(0x61))).toBe(`${'\ufffd'.repeat(1000)}a`);
    expect(stream.push(idOf(0x62))).toBe('b');
  });
  it('goes on where bytes make what is out already no characters', () => {
    const stream = fallback.decodeStream();
    // The decoder reads neighbouring bytes as one text, and these four are none.
    expect([0xe2, 0x82, 0xac, 0x80].map((id) => stream.push(id)).join('')).toBe('€');
    expect(stream.push(256)).toBe('\ufffd a');
    expect(stream.push(256)).toBe(' a');
    stream.push(0xe2, 0x82, 0xac);
    stream.push(0x80);
    expect(stream.end()).toBe('\ufffd');
  });
  it('goes on after an id that is none', () => {
    const stream = byteLevel.decodeStream();
    expect(stream.push(idOf(0x61))).toBe('a');
    expect(() => stream.push(idOf(0x62), 999)).toThrow('decode: ids[1]: expected an id of the vocabulary');
    expect(stream.push(idOf(0x63))).toBe('c');
  });
});

describe('a stream that takes spaces out', () => {
  const streamed = (chars: Iterable<string>): string => {
    const clean = cleanUpSpaces.stream();
    let text = '';
    for (const char of chars) text += clean(char, false);
    return text + clean('', true);
  };
  it('gives what all at once gives, whatever patterns meet', () => {
    const units = [..." 'ntsv.r"];
    const wrong: string[] = [];
    const extend = (text: string): void => {
      if (streamed(text) !== cleanUpSpaces.clean(text)) wrong.push(text);
      if (text.length < 5) for (const unit of units) extend(text + unit);
    };
    extend('');
    extend("  ' ve");
    extend(" n ' ' ");
    expect(wrong).toEqual([]);
  });
  it.each([' ', " '", " n't", ' .'])('looks at little of what is open, however long: %j', (period) => {
    const read = (length: number): number => {
      const test = vi.spyOn(RegExp.prototype, 'test');
      streamed(period.repeat(length));
      const units = test.mock.calls.reduce((sum, [text]) => sum + text.length, 0);
      test.mockRestore();
      return units;
    };
    expect(read(100)).toBeGreaterThan(0);
    expect(read(10_000) / read(1_000)).toBeLessThan(15);
  });
});
