// Streams: whole characters only, nothing of a stop string, the cache freed however the loop ends.
import { init, memory } from '@heddle/tensor';
import { beforeAll, expect, it } from 'vitest';
import { Gpt2, type TextCodec } from '../../src/index';
import { folderOf } from '../support/model-fixture';

/** Each id is a byte of this text: a character may take several tokens. */
const bytes = new TextEncoder().encode('aé€😀b STOP');
const codec: TextCodec = {
  vocabSize: bytes.length,
  encode: () => ({ ids: [0], tokens: ['a'], offsets: [[0, 1]] }),
  encodeBatch: () => ({ ids: Int32Array.of(0), mask: Int32Array.of(1), shape: [1, 1] }),
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids, (id) => bytes[id])),
  toJSON: () => ({}),
};
const inOrder = { tokenizer: codec, eosIds: [], allowed: (done: readonly number[]) => [done.length + 1] };
let model: Gpt2;

beforeAll(async () => {
  await init({ backend: 'wasm' });
  model = await Gpt2.fromPretrained(folderOf('gpt2'));
});

async function piecesOf(options: object): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of model.stream('a', { ...inOrder, ...options })) pieces.push(piece);
  return pieces;
}

it('gives whole characters as soon as they are whole', async () => {
  expect(await piecesOf({ maxNewTokens: bytes.length - 1 })).toEqual(['é', '€', '😀', 'b', ' ', 'S', 'T', 'O', 'P']);
});

it('ends before a stop string, of which nothing is given', async () => {
  expect(await piecesOf({ maxNewTokens: bytes.length - 1, stop: ['STOP'] })).toEqual(['é', '€', '😀', 'b', ' ']);
  expect((await piecesOf({ maxNewTokens: 12, stop: ['STOP'] })).join('')).toBe('é€😀b S');
});

it('streams what generate writes, whatever is sampled', async () => {
  const options = { ...inOrder, maxNewTokens: bytes.length - 1, seed: 5, temperature: 2, allowed: undefined };
  const pieces: string[] = [];
  for await (const piece of model.stream('a', options)) pieces.push(piece);
  const [{ text }] = await model.generate(['a'], options);
  expect(pieces.join('')).toBe(text);
});

it.each([{}, { beams: 2 }, { contrastiveAlpha: 0.5 }, { temperature: 1, seed: 1 }])(
  'generate stops at a string across the borders of tokens: %j',
  async (way) => {
    const options = { ...inOrder, maxNewTokens: bytes.length - 1, ...way };
    for (const [stop, text, count] of [
      ['€😀', 'é', 9],
      ['b S', 'é€😀', 12],
      ['nowhere', 'é€😀b STOP', bytes.length - 1],
    ] as const) {
      const [found] = await model.generate(['a'], { ...options, stop: ['never', stop] });
      expect(found.text).toBe(text);
      expect(found.newIds).toHaveLength(count);
      expect(found.ended).toBe(stop !== 'nowhere');
    }
  },
);

it('knows nothing of a stop string that the prompt ends with', async () => {
  const [found] = await model.generate(['a'], { ...inOrder, maxNewTokens: 3, stop: ['a'] });
  expect(found.newIds).toHaveLength(3);
  await expect(model.generate(['a'], { ...inOrder, stop: [''] })).rejects.toThrow('stop');
  await expect(model.generate([[0]], { stop: ['a'] })).rejects.toThrow('tokenizer');
  await expect(model.generate(['a'])).rejects.toThrow('tokenizer');
});

it('frees the cache where the loop is left, and where it is aborted', async () => {
  await piecesOf({ maxNewTokens: 3 });
  const before = memory().buffers;
  for await (const piece of model.stream([0], { ...inOrder, maxNewTokens: 12 })) if (piece === '€') break;
  expect(memory().buffers).toBe(before);
  const control = new AbortController();
  const read = async (): Promise<void> => {
    for await (const _ of model.stream([0], { ...inOrder, maxNewTokens: 12, signal: control.signal }))
      control.abort(new Error('enough'));
  };
  await expect(read()).rejects.toThrow('enough');
  expect(memory().buffers).toBe(before);
});
