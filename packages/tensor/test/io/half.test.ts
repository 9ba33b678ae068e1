// Floats rounded to 16 bits as PyTorch rounds them, and the files that hold them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { narrowBfloat16, narrowFloat16, widenBfloat16, widenFloat16 } from '../../src/half';
import { ArgumentError, init } from '../../src/index';
import { loadSafetensors, saveSafetensors } from '../../src/io/index';

const fixtures = join(import.meta.dirname, '../fixtures/half');
const file = (name: string): Uint8Array => new Uint8Array(readFileSync(join(fixtures, `${name}.safetensors`)));
const expected: Readonly<Record<'words' | 'float16' | 'bfloat16', readonly number[]>> = JSON.parse(
  readFileSync(join(fixtures, 'rounding.json'), 'utf8'),
);
const values = new Float32Array(Int32Array.from(expected.words).buffer);

beforeAll(async () => {
  await init({ threads: 1 });
});

it('rounds ties, edges and drawn numbers as PyTorch does', () => {
  for (const [name, narrow, widen] of [
    ['float16', narrowFloat16, widenFloat16],
    ['bfloat16', narrowBfloat16, widenBfloat16],
  ] as const) {
    // As numbers: what is none has many patterns.
    const numbers = (bits: Uint16Array): Float32Array => widen(bits, new Float32Array(bits.length));
    expect(numbers(narrow(values)), name).toEqual(numbers(Uint16Array.from(expected[name])));
  }
});

it('gives back every 16-bit number', () => {
  const all = Uint16Array.from({ length: 65_536 }, (_, i) => i);
  for (const [narrow, widen] of [
    [narrowFloat16, widenFloat16],
    [narrowBfloat16, widenBfloat16],
  ] as const) {
    const wide = widen(all, new Float32Array(all.length));
    const back = narrow(wide);
    expect(back.findIndex((bits, i) => bits !== i && !Number.isNaN(wide[i]))).toBe(-1);
    expect(widen(back, new Float32Array(all.length))).toEqual(wide);
  }
});

it.each(['float32', 'float16', 'bfloat16'] as const)('writes %s byte for byte as Python does', async (dtype) => {
  const state = await loadSafetensors(file('float32'));
  const files = new Map<string, Uint8Array>();
  const options = { metadata: { format: 'pt' }, into: files, dtype };
  const written = await saveSafetensors('model.safetensors', state, options);
  expect(files.get('model.safetensors')).toEqual(file(dtype));
  expect(written.get('model.safetensors')?.bytes).toBe(file(dtype).length);
  for (const t of state.values()) t.dispose();
});

it('counts the bytes that it writes where it splits', async () => {
  const state = await loadSafetensors(file('float32'));
  const files = new Map<string, Uint8Array>();
  await saveSafetensors('model.safetensors', state, { into: files, dtype: 'float16', maxShardBytes: 16 });
  const index = JSON.parse(new TextDecoder().decode(files.get('model.safetensors.index.json')));
  expect(index.metadata.total_size).toBe(2 * 4 + 2 * 6 + 2 * 2 + 3);
  const again = await loadSafetensors(files);
  expect([...again.keys()].sort()).toEqual([...state.keys()].sort());
  for (const t of [...state.values(), ...again.values()]) t.dispose();
});

it('names what floats can be written as', async () => {
  const wrong = saveSafetensors('a.safetensors', new Map(), { dtype: 'float8' as 'float16' });
  await expect(wrong).rejects.toThrow(ArgumentError);
  await expect(saveSafetensors('a.safetensors', new Map(), { dtype: 'float8' as 'float16' })).rejects.toThrow(
    'float32, float16, bfloat16',
  );
});
