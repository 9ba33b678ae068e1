// Mutated files of the other formats: a tokenizer or a typed refusal, nothing else. HEDDLE_FUZZ sets how many.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Tokenizer, TokenizerError } from '../src/index';

const text = new TextEncoder();
const TOKENS = ['<unk>', '<s>', '</s>', '▁', 'a', 'b', 'ab', '▁ab', 'é', '1', '2'];

/** One length-prefixed field of a protobuf message. */
const field = (number: number, bytes: readonly number[]): number[] => [number * 8 + 2, bytes.length, ...bytes];
const floatBytes = (value: number): number[] => [...new Uint8Array(Float32Array.of(value).buffer)];
const intBytes = (value: number): number[] => [...new Uint8Array(Int32Array.of(value).buffer)];

const sentencePiece = (modelType: number): Uint8Array =>
  Uint8Array.from([
    ...TOKENS.flatMap((token, i) =>
      field(1, [...field(1, [...text.encode(token)]), 21, ...floatBytes(-i), 24, i === 0 ? 2 : i < 3 ? 3 : 1]),
    ),
    ...field(2, [24, modelType]),
    ...field(3, [24, 1]),
  ]);
const files: readonly (readonly [string, Uint8Array])[] = [
  ['tokenizer.model', sentencePiece(1)],
  ['spiece.model', sentencePiece(2)],
  ['tiktoken.model', text.encode(TOKENS.map((_, i) => `${btoa(String.fromCharCode(97 + i))} ${i}\n`).join(''))],
  ['vocab.txt', text.encode(['[PAD]', '[UNK]', '[CLS]', '[SEP]', ...TOKENS].join('\n'))],
  [
    'tokenizer.bin',
    Uint8Array.from([
      ...intBytes(9),
      ...TOKENS.flatMap((token, i) => [
        ...floatBytes(-i),
        ...intBytes(text.encode(token).length),
        ...text.encode(token),
      ]),
    ]),
  ],
];

it.each(files.slice(0, 4))('%s is read whole', async (name, bytes) => {
  const tokenizer = await Tokenizer.load(new Map([[name, bytes]]), { tiktoken: { pattern: '.' } });
  expect(tokenizer.encode('ab').ids.length).toBeGreaterThan(0);
});

it('survives mutated files of every format', async () => {
  let refused = 0;
  const numRuns = Number(process.env['HEDDLE_FUZZ'] ?? 4000);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 3 }), fc.uint8Array({ maxLength: 4 })), { minLength: 1, maxLength: 4 }),
      async ([name, source], edits) => {
        let bytes = [...source];
        for (const [at, gone, put] of edits) bytes.splice(at % (bytes.length + 1), gone, ...put);
        if (edits.length === 4) bytes = bytes.slice(0, (edits[0] as [number, number, Uint8Array])[0] % bytes.length);
        try {
          const file = new Map([[name, Uint8Array.from(bytes)]]);
          const tokenizer = await Tokenizer.load(file, { tiktoken: { pattern: '.' } });
          tokenizer.decode(tokenizer.encode('ab 12 é').ids);
        } catch (error) {
          if (!(error instanceof TokenizerError)) throw error;
          refused++;
        }
      },
    ),
    { numRuns, seed: 11 },
  );
  expect(refused).toBeGreaterThan(numRuns / 5);
});
