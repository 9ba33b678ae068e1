// Reading what Python wrote, writing what Python would have written, shards, round trips.
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { backendInfo, type DType, init, memory, tensor } from '../../src/index';
import { loadSafetensors, loadWeights, openSafetensors, type Source, saveSafetensors } from '../../src/io/index';
import { Linear, StateDictError } from '../../src/nn/index';
import type { AnyTensor } from '../../src/tensor';
import { f32, fileOf } from './support';

const fixtures = join(import.meta.dirname, '../fixtures/safetensors');
const expected: Record<string, { shape: number[]; data: (number | string | boolean)[] }> = JSON.parse(
  await readFile(join(fixtures, 'dtypes.json'), 'utf8'),
).tensors;

beforeAll(async () => {
  await init({ threads: 1 });
  expect(backendInfo().backend).toBe('wasm');
});

function disposeAll(tensors: ReadonlyMap<string, AnyTensor>): void {
  for (const t of tensors.values()) t.dispose();
}

describe('a file by Python', () => {
  it.each(Object.keys(expected))('%s has the values that NumPy gave it', async (name) => {
    const before = memory().buffers;
    const state = await loadSafetensors(join(fixtures, 'dtypes.safetensors'));
    const t = state.get(name) ?? expect.fail(name);
    expect(t.shape).toEqual(expected[name].shape);
    expect(t.dtype).toBe(/^[iu]/.test(name) ? 'int32' : name === 'bool' ? 'bool' : 'float32');
    const want = expected[name].data.map((x) => (x === 'inf' ? Infinity : x === '-inf' ? -Infinity : Number(x)));
    expect(Array.from(await t.data())).toEqual(want.map((x) => (t.dtype === 'float32' ? Math.fround(x) : x)));
    disposeAll(state);
    expect(memory().buffers).toBe(before);
  });

  it('keeps its metadata', async () => {
    const file = await openSafetensors(join(fixtures, 'dtypes.safetensors'));
    expect([...file.metadata].sort()).toEqual([
      ['format', 'np'],
      ['note', 'ä → ∞'],
    ]);
    await file.close();
  });

  it('comes back byte for byte', async () => {
    const files = new Map<string, Uint8Array>();
    const plain = await readFile(join(fixtures, 'plain.safetensors'));
    const state = await loadSafetensors(plain);
    await saveSafetensors('plain.safetensors', state, { metadata: { format: 'pt' }, into: files });
    expect(files.get('plain.safetensors')).toEqual(new Uint8Array(plain));
    disposeAll(state);
  });
});

describe('shards', () => {
  const weights = (): Map<string, AnyTensor> =>
    new Map(['a', 'b', 'c'].map((name, i) => [name, tensor(new Float32Array(10).fill(i))]));

  it('are written with an index, and read as one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heddle-'));
    await saveSafetensors(join(folder, 'model.safetensors'), weights(), { maxShardBytes: 80 });
    expect((await readdir(folder)).sort()).toEqual([
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
    ]);
    const state = await loadSafetensors(folder);
    expect(await state.get('c')?.data()).toEqual(new Float32Array(10).fill(2));
    // One file takes the place of all of them: no loader may find the old ones first.
    await saveSafetensors(join(folder, 'model.safetensors'), new Map([['a', tensor([9])]]));
    expect([...(await loadSafetensors(folder)).keys()]).toEqual(['a']);
    await saveSafetensors(join(folder, 'model.safetensors'), weights(), { maxShardBytes: 40 });
    expect([...(await loadSafetensors(folder)).keys()]).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['a file that is not there', { a: 'model-1.safetensors', b: 'model-2.safetensors' }, 'model-2.safetensors'],
    ['a tensor that its file lacks', { a: 'model-1.safetensors', b: 'model-1.safetensors' }, 'holds b: it doesn'],
    ['less than its files hold', {}, 'weight_map'],
    ['a path', { a: '../model-1.safetensors' }, 'beside the index'],
    ['no name at all', { a: 3 }, 'beside the index'],
  ])('refuse an index that names %s', async (_, weightMap, problem) => {
    const map = Object.keys(weightMap).length === 0 ? [] : weightMap;
    const files = new Map([
      ['model.safetensors.index.json', new TextEncoder().encode(JSON.stringify({ weight_map: map }))],
      ['model-1.safetensors', fileOf({ a: f32([1], 0) }, new Uint8Array(4))],
    ]);
    const before = memory().buffers;
    const failure = loadSafetensors(files);
    if (Array.isArray(map)) expect([...(await failure).keys()]).toEqual([]);
    else await expect(failure).rejects.toThrow(problem);
    expect(memory().buffers).toBe(before);
  });

  it('refuse a tensor that the index puts elsewhere', async () => {
    const one = fileOf({ a: f32([1], 0) }, new Uint8Array(4));
    const index = { weight_map: { a: 'x.safetensors', b: 'y.safetensors' } };
    const files = new Map([
      ['model.safetensors.index.json', new TextEncoder().encode(JSON.stringify(index))],
      ['x.safetensors', one],
      ['y.safetensors', one],
    ]);
    await expect(loadSafetensors(files)).rejects.toThrow('y.safetensors: holds a, which the index does not say');
  });
});

describe('sources', () => {
  const bytes = readFile(join(fixtures, 'plain.safetensors'));
  const names = ['10', '2', 'ids', 'layers.0.bias', 'layers.0.weight', 'mask'];
  const namesOf = async (source: Source): Promise<string[]> => [...(await loadSafetensors(source)).keys()].sort();

  it('may be bytes, a map, a path, a folder or a file URL', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heddle-'));
    await writeFile(join(folder, 'only.safetensors'), await bytes);
    const map = new Map([['model.safetensors', new Uint8Array(await bytes)]]);
    const path = join(folder, 'only.safetensors');
    for (const source of [await bytes, map, path, folder, pathToFileURL(path)])
      expect(await namesOf(source)).toEqual(names);
  });

  it('say what is missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heddle-'));
    await expect(loadSafetensors(join(folder, 'no'))).rejects.toThrow('there is no such file or folder');
    await expect(loadSafetensors(folder)).rejects.toThrow('found no .safetensors file');
    await writeFile(join(folder, 'a.safetensors'), '');
    await writeFile(join(folder, 'b.safetensors'), '');
    await expect(loadSafetensors(folder)).rejects.toThrow('several files (a.safetensors, b.safetensors)');
  });

  it.each([true, false])('may be a server (ranges: %s), a file or a folder there', async (ranges) => {
    const whole = await bytes;
    const server = createServer((request, response) => {
      const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
      if (!request.url?.endsWith('model.safetensors')) response.writeHead(404).end();
      else if (range === null || !ranges) response.writeHead(200, { 'content-length': whole.length }).end(whole);
      else {
        const [from, to] = [Number(range[1]), Number(range[2])];
        response
          .writeHead(206, { 'content-range': `bytes ${from}-${to}/${whole.length}` })
          .end(whole.subarray(from, to + 1));
      }
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a/`;
      expect(await namesOf(url)).toEqual(names);
      const file = await openSafetensors(`${url}model.safetensors`);
      // Backwards, so that a body that only flows forwards has to be asked for again.
      for (const name of [...names].reverse()) expect((await file.data(name)).length).toBeGreaterThan(0);
      await file.close();
      await expect(loadSafetensors(`${url}other.safetensors`)).rejects.toThrow('the server has no such file');
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe('round trips', () => {
  const entry = fc
    .record({
      dtype: fc.constantFrom<DType>('float32', 'int32', 'bool'),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
      seed: fc.nat(),
    })
    .map(({ dtype, shape, seed }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const at = (i: number): number => ((seed + i * 2_654_435_761) % 2 ** 32) - 2 ** 31;
      if (dtype === 'float32') return { shape, data: Float32Array.from({ length: size }, (_, i) => at(i) / 3) };
      if (dtype === 'int32') return { shape, data: Int32Array.from({ length: size }, (_, i) => at(i)) };
      return { shape, data: Uint8Array.from({ length: size }, (_, i) => at(i) & 1) };
    });
  const name = fc
    .string({ minLength: 1, unit: 'grapheme' })
    .filter((s) => !/__metadata__|__proto__|constructor|prototype/.test(s));

  it('give back every tensor, in any number of shards', async () => {
    const property = fc.asyncProperty(
      fc.uniqueArray(fc.tuple(name, entry), { selector: ([n]) => n, maxLength: 5 }),
      fc.integer({ min: 1, max: 300 }),
      async (entries, maxShardBytes) => {
        const before = memory().buffers;
        const tensors = new Map<string, AnyTensor>(
          entries.map(([n, { shape, data }]) => [n, tensor<DType>(data, { shape, dtype: dtypeOf(data) })]),
        );
        const files = new Map<string, Uint8Array>();
        await saveSafetensors('model.safetensors', tensors, { into: files, maxShardBytes });
        const state = await loadSafetensors(files);
        expect([...state.keys()].sort()).toEqual(entries.map(([n]) => n).sort());
        for (const [n, { shape, data }] of entries) {
          expect(state.get(n)?.shape).toEqual(shape);
          expect(await state.get(n)?.data()).toEqual(data);
        }
        disposeAll(state);
        disposeAll(tensors);
        expect(memory().buffers).toBe(before);
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });
});

function dtypeOf(data: Float32Array | Int32Array | Uint8Array): DType {
  return data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool';
}

describe('loadWeights', () => {
  it('overwrites a module, under other names too', async () => {
    const from = new Linear({ inputs: 3, outputs: 2 });
    const to = new Linear({ inputs: 3, outputs: 2 });
    const files = new Map<string, Uint8Array>();
    const renamed = new Map([...from.stateDict()].map(([n, t]) => [`old.${n}`, t]));
    await saveSafetensors('model.safetensors', new Map([...renamed, ['head', tensor([1])]]), { into: files });
    await loadWeights(to, files, { rename: (n) => (n === 'head' ? null : n.replace('old.', '')) });
    for (const [n, t] of from.stateDict()) expect(await to.stateDict().get(n)?.data()).toEqual(await t.data());
  });

  it('lists all that does not fit, and changes nothing', async () => {
    const to = new Linear({ inputs: 3, outputs: 2 });
    const weight = await to.weight.data();
    const files = new Map<string, Uint8Array>();
    const wrong = new Map<string, AnyTensor>([
      ['weight', tensor([[1, 2]])],
      ['gamma', tensor([1])],
    ]);
    await saveSafetensors('model.safetensors', wrong, { into: files });
    const error = await loadWeights(to, files).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(StateDictError);
    expect(error).toMatchObject({ missing: ['bias'], unexpected: ['gamma'] });
    expect((error as Error).message).toContain('weight: expected [2, 3], got [1, 2]');
    expect(await to.weight.data()).toEqual(weight);
  });
});
