// Files that are not what they claim to be: each is refused by name, nothing stays loaded.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { FormatError, init, memory } from '../../src/index';
import { loadSafetensors } from '../../src/io/index';
import { f32, fileOf } from './support';

beforeAll(() => init({ backend: 'reference' }));

const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;

const data = (bytes: number): Uint8Array => new Uint8Array(bytes);

async function refusal(file: Uint8Array): Promise<string> {
  const before = memory();
  const error = await loadSafetensors(new Map([['model.safetensors', file]])).then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).file).toBe('model.safetensors');
  expect(memory().buffers).toBe(before.buffers);
  expect(memory().bytes).toBe(before.bytes);
  return (error as FormatError).problem;
}

describe('is refused:', () => {
  it.each([
    ['an empty file', data(0), 'fewer than its length field'],
    ['half a length field', data(5), 'fewer than its length field'],
    ['a header that claims 10 GB', fileOf('{}', data(0), 10_000_000_000n), 'claims 10000000000 bytes'],
    ['a header that claims 2⁶⁴ − 1 bytes', fileOf('{}', data(0), 2n ** 64n - 1n), 'claims 18446744073709551615'],
    ['a header of no bytes', fileOf('', data(3)), 'claims 0 bytes'],
    ['a header that is no JSON', fileOf('{"a":'), 'not JSON'],
    ['a header that is a list', fileOf('[]'), 'not a JSON object'],
    ['a header that is not UTF-8', fileOf(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])), 'not UTF-8'],
    ['a byte order mark', fileOf('\ufeff{}'), 'not JSON'],
    [
      'a name given twice',
      fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061" :{}}', data(4)),
      'names "a" twice',
    ],
    [
      'a field given twice',
      fileOf('{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', data(4)),
      'names "shape" twice',
    ],
    ['__proto__ as a name', fileOf(`{"__proto__":${JSON.stringify(f32([1], 0))}}`, data(4)), 'name'],
    ['a.constructor as a name', fileOf({ 'a.constructor': f32([1], 0) }, data(4)), 'name'],
    ['an unknown dtype', fileOf({ a: { dtype: 'F7', shape: [1], data_offsets: [0, 1] } }, data(1)), 'got "F7"'],
    ['a dtype of Object.prototype', fileOf({ a: { dtype: 'toString', shape: [], data_offsets: [0, 0] } }), 'toString'],
    [
      'a dtype nested deep',
      fileOf(`{"a":{"dtype":${deep},"shape":[1],"data_offsets":[0,4]}}`, data(4)),
      'nested too deep',
    ],
    ['a shape nested deep', fileOf(`{"a":{"dtype":"F32","shape":${deep},"data_offsets":[0,4]}}`, data(4)), 'a: shape'],
    [
      'offsets nested deep',
      fileOf(`{"a":{"dtype":"F32","shape":[1],"data_offsets":${deep}}}`, data(4)),
      'data_offsets',
    ],
    ['a missing shape', fileOf({ a: { dtype: 'F32', data_offsets: [0, 4] } }, data(4)), 'a: shape'],
    ['a negative size', fileOf({ a: { dtype: 'F32', shape: [-1, -1], data_offsets: [0, 4] } }, data(4)), 'a: shape'],
    ['half a size', fileOf({ a: { dtype: 'F32', shape: [0.5], data_offsets: [0, 2] } }, data(2)), 'a: shape'],
    [
      'sizes whose product overflows',
      fileOf({ a: { dtype: 'F32', shape: [2 ** 40, 2 ** 40], data_offsets: [0, 4] } }, data(4)),
      'takes',
    ],
    [
      'another size than its data',
      fileOf({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } }, data(4)),
      'takes 8 bytes',
    ],
    ['an unknown field', fileOf({ a: { ...f32([1], 0), stride: 2 } }, data(4)), 'unknown field "stride"'],
    [
      'offsets the wrong way round',
      fileOf({ a: { dtype: 'F32', shape: [1], data_offsets: [4, 0] } }, data(4)),
      'data_offsets',
    ],
    ['three offsets', fileOf({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } }, data(4)), 'data_offsets'],
    ['offsets beyond the end', fileOf({ a: f32([2], 0) }, data(4)), 'cut off'],
    ['offsets far outside', fileOf({ a: f32([1], 2 ** 50) }, data(4)), 'cut off'],
    ['tensors that overlap', fileOf({ a: f32([2], 0), b: f32([2], 4) }, data(12)), 'b: its data overlaps'],
    ['a hole', fileOf({ a: f32([1], 0), b: f32([1], 8) }, data(12)), '4 bytes before its data'],
    ['a hole at the beginning', fileOf({ a: f32([1], 4) }, data(8)), '4 bytes before its data'],
    ['bytes at the end', fileOf({ a: f32([1], 0) }, data(5)), 'last 1 bytes'],
    ['metadata that is no text', fileOf({ __metadata__: { a: 1 } }), '__metadata__: a'],
    ['metadata that is a list', fileOf({ __metadata__: [] }), '__metadata__'],
    ['a tensor that is a number', fileOf({ a: 3 }), 'a: expected an object'],
  ])('%s', async (_, file, problem) => {
    expect(await refusal(file)).toContain(problem);
  });

  it.each([
    ['I64', new BigInt64Array([1n, 2n ** 31n]), '2147483648 at 1 does not fit int32'],
    ['I64', new BigInt64Array([-(2n ** 31n) - 1n]), '-2147483649 at 0'],
    ['U32', new Uint32Array([2 ** 31]), '2147483648 at 0'],
    ['U64', new BigUint64Array([2n ** 63n]), 'does not fit int32'],
    ['BOOL', new Uint8Array([0, 1, 2]), 'neither true nor false'],
  ])('%s data that has no place here', async (dtype, values, problem) => {
    const header = {
      first: f32([3], 0),
      a: { dtype, shape: [values.length], data_offsets: [12, 12 + values.byteLength] },
    };
    const bytes = new Uint8Array(12 + values.byteLength);
    bytes.set(new Uint8Array(values.buffer), 12);
    expect(await refusal(fileOf(header, bytes))).toContain(problem);
  });
});

describe('a good file', async () => {
  const good = new Uint8Array(await readFile(join(import.meta.dirname, '../fixtures/safetensors/dtypes.safetensors')));
  const headerEnd = 8 + new DataView(good.buffer).getUint32(0, true);

  it('is refused wherever it is cut off', async () => {
    for (let length = 0; length < good.length; length++) await refusal(good.slice(0, length));
  });

  it('never does harm with bits flipped: a typed error, or tensors with the sizes that the header says', async () => {
    const flips = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(7)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(flips, async (places) => {
        const file = good.slice();
        for (const [at, bit] of places) file[at] ^= 1 << bit;
        const before = memory().buffers;
        try {
          for (const t of (await loadSafetensors(file)).values()) t.dispose();
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
        expect(memory().buffers).toBe(before);
        expect(Object.prototype).not.toHaveProperty('dtype');
      }),
      { numRuns: 500 },
    );
  });

  it('is refused with any bit of its length field flipped', async () => {
    for (let bit = 0; bit < 64; bit++) {
      const file = good.slice();
      file[bit >> 3] ^= 1 << (bit & 7);
      await refusal(file);
    }
  });

  it('survives made-up headers of its own size', async () => {
    const json = fc.json().map((text) => new TextEncoder().encode(text));
    await fc.assert(
      fc.asyncProperty(json, async (header) => {
        const before = memory().buffers;
        const file = fileOf(header, good.subarray(headerEnd));
        await expect(loadSafetensors(file)).rejects.toBeInstanceOf(FormatError);
        expect(memory().buffers).toBe(before);
      }),
      { numRuns: 300 },
    );
  });
});
