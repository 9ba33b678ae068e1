// What threads do with a batch in shared memory, on one thread.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RaggedPart } from '../src/batch';
import { Tokenizer } from '../src/index';
import { encodeJoined } from '../src/threads/encode-joined';
import { joinParts } from '../src/threads/join-parts';
import { joinTexts } from '../src/threads/protocol';
import { SharedBatch } from '../src/threads/shared-batch';

const lines = ['How are you?', "I'm fine, thank you.", 'Ünïcödé 漢字 😀 here', '  two  spaces\n'];
const tokenizers = [
  await Tokenizer.train(lines, { model: 'wordpiece', vocabSize: 120 }),
  await Tokenizer.train(lines, { model: 'bpe', vocabSize: 300 }),
  await Tokenizer.train(lines, { model: 'unigram', vocabSize: 60 }),
];

describe('joined texts', () => {
  const piece = fc.constantFrom(...lines, 'a', ' ', 'é', 'e\u0301', '\u0301', '😀', '\ud83d', '\ude00', '[SEP]', '[SE');
  const text = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''));
  it('give what single strings give, halves of characters and special tokens too', () => {
    fc.assert(
      fc.property(
        fc.nat(tokenizers.length - 1),
        fc.array(text, { maxLength: 6 }),
        fc.boolean(),
        fc.constantFrom('all' as const, 'none' as const),
        fc.option(fc.integer({ min: 3, max: 9 }), { nil: undefined }),
        (which, texts, offsets, allowedSpecial, maxLength) => {
          const tokenizer = tokenizers[which] as Tokenizer;
          const options = { offsets, allowedSpecial, maxLength };
          const { joined, ends } = joinTexts(texts);
          const units = Uint16Array.from({ length: joined.length }, (_, i) => joined.charCodeAt(i));
          const expected = structuredClone(tokenizer.encodePart(texts, options));
          expect(encodeJoined(tokenizer, { joined, units, ends }, options)).toEqual(expected);
        },
      ),
      { seed: 41, numRuns: 3000 },
    );
  });
  it('are encoded without a string of each', () => {
    const [tokenizer] = tokenizers as [Tokenizer];
    const { joined, ends } = joinTexts(lines);
    const units = Uint16Array.from({ length: joined.length }, (_, i) => joined.charCodeAt(i));
    const blank = ' '.repeat(joined.length);
    const { ids, rows } = encodeJoined(tokenizer, { joined: blank, units, ends }, {});
    expect(Array.from(lines, (_, i) => [...ids.subarray(rows[i], rows[i + 1])])).toEqual(
      lines.map((line) => tokenizer.encode(line).ids),
    );
  });
});

describe('chunks of a shared batch', () => {
  const shape = { texts: 5, chunks: 5, units: 10, room: 20, offsets: false };
  const layout = { ...shape, memory: new SharedArrayBuffer(SharedBatch.bytes(shape)) };
  const chunks = Array.from({ length: 5 }, (_, first) => ({ first, end: first + 1, units: 2 }));
  const threads = [0, 1, 2].map((thread) => new SharedBatch(layout, thread)) as [SharedBatch, SharedBatch, SharedBatch];
  const [caller, one, other] = threads;
  it('are claimed once, by workers from the front and by the caller from the back', () => {
    caller.open(chunks);
    expect([one.claim(), caller.claim(), other.claim(), caller.claim()]).toEqual([0, 4, 1, 3]);
    expect(caller.taken).toBe(2);
    expect([one.claim(), caller.claim(), other.claim(), one.claim()]).toEqual([2, undefined, undefined, undefined]);
    expect(caller.taken).toBe(3);
  });
  it('are none when the batch is closed', () => {
    caller.open(chunks);
    one.close();
    expect([caller.claim(), one.claim()]).toEqual([undefined, undefined]);
  });
  it('have their texts where they were written', () => {
    caller.open(chunks);
    caller.write(0, ['ab']);
    caller.write(1, ['é漢']);
    const { joined, units, ends } = other.read(1);
    expect([joined, [...units], [...ends]]).toEqual(['é漢', [0xe9, 0x6f22], [2]]);
  });
  it('have room from both ends of the memory until these meet, and are joined in their order', () => {
    const partOf = (ids: readonly number[]): RaggedPart => ({
      ids: Int32Array.from(ids),
      typeIds: undefined,
      rows: Int32Array.of(0, ids.length),
      offsets: undefined,
    });
    caller.open(chunks);
    one.put(0, partOf([1, 2, 3, 4, 5]));
    caller.put(4, partOf([16, 17, 18, 19]));
    other.put(1, partOf([]));
    one.put(2, partOf([6, 7, 8]));
    caller.put(3, partOf([9, 10, 11, 12, 13, 14, 15]));
    expect([one.rest, other.rest, caller.rest]).toEqual([[], [], []]);
    const all = [0, 1, 2, 3, 4].map((chunk) => caller.part(chunk));
    expect(joinParts(all, false)).toEqual({
      ids: Int32Array.from({ length: 19 }, (_, i) => i + 1),
      typeIds: undefined,
      rows: Int32Array.of(0, 5, 5, 8, 15, 19),
      offsets: undefined,
    });
    const large = partOf([20, 21]);
    for (const batch of [one, caller]) {
      batch.put(1, large);
      expect(batch.rest.splice(0)).toEqual([{ chunk: 1, part: large }]);
    }
    // What has no place here lies between what has.
    const [first, , ...others] = all as [RaggedPart, RaggedPart, ...RaggedPart[]];
    expect([...joinParts([first, large, ...others], false).ids]).toEqual([
      1,
      2,
      3,
      4,
      5,
      20,
      21,
      ...Array.from({ length: 14 }, (_, i) => i + 6),
    ]);
  });
  it('end when each worker has said so, and not all is told without a message', () => {
    caller.open(chunks);
    one.end();
    expect(caller.allEnded(2, 1)).toBe(false); // one is at work for longer than the caller waits
    other.end();
    expect(caller.allEnded(2, 60_000)).toBe(true);
    caller.open(chunks);
    one.end();
    other.rest.push({
      chunk: 0,
      part: { ids: new Int32Array(0), typeIds: undefined, rows: Int32Array.of(0), offsets: undefined },
    });
    other.end();
    expect(caller.allEnded(2, 60_000)).toBe(false);
    other.rest.pop();
    caller.open(chunks);
    one.close(); // a worker that failed
    expect(caller.allEnded(2, 60_000)).toBe(false);
  });
});
