// Files that torch.save wrote: read as they are meant, and nothing in them is ever run.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { FormatError, init, memory, zeros } from '../../src/index';
import { loadWeights, openCheckpoint, openSafetensors } from '../../src/io/index';
import { Linear, Module, Parameter } from '../../src/nn/index';
import { torchFile } from './torch-writer';

const fixtures = join(import.meta.dirname, '../fixtures/torch');
const bytesOf = (file: string): Uint8Array => new Uint8Array(readFileSync(join(fixtures, file)));
type Values = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;
const expected: { readonly state: Values; readonly module: Values } = JSON.parse(
  readFileSync(join(fixtures, 'expected.json'), 'utf8'),
);

/** Everything in a checkpoint, as plain numbers. */
async function read(source: Parameters<typeof openCheckpoint>[0]): Promise<Values> {
  const file = await openCheckpoint(source);
  try {
    const found: Record<string, Values[string]> = {};
    for (const [name, { shape }] of file.entries) found[name] = { shape, data: Array.from(await file.data(name)) };
    return found;
  } finally {
    await file.close();
  }
}

/** What a file is refused for; undefined where it isn't. */
async function refusal(file: Uint8Array): Promise<string | undefined> {
  const before = memory().buffers;
  const error = await read(new Map([['pytorch_model.bin', file]])).then(
    () => undefined,
    (e: unknown) => e,
  );
  if (error !== undefined && !(error instanceof FormatError)) throw error;
  expect(memory().buffers).toBe(before);
  return error?.problem;
}

beforeAll(() => init({ backend: 'reference' }));

describe('a file of torch.save', () => {
  it.each(['state.bin', 'protocol4.bin', 'newer.bin'])(
    'gives every tensor of %s, views of shared storages too',
    async (file) => {
      const found = await read(join(fixtures, file));
      expect(Object.keys(found)).toEqual(Object.keys(expected.state));
      for (const [name, { shape, data }] of Object.entries(expected.state)) {
        expect(found[name].shape, name).toEqual(shape);
        expect(found[name].data, name).toEqual(name === 'f64' ? Array.from(data, Math.fround) : data);
      }
    },
  );

  it('is found in a folder, single or sharded, and copied into modules', async () => {
    expect(await read(new Map([['pytorch_model.bin', bytesOf('module.bin')]]))).toEqual(expected.module);
    expect(await read(join(fixtures, 'sharded'))).toEqual(expected.module);
    class Net extends Module {
      static override readonly names = { linear: '0', norm: '1' };
      readonly linear = new Linear({ inputs: 3, outputs: 2 });
      readonly norm = new Linear({ inputs: 1, outputs: 2 });
      override forward(): void {}
    }
    const linear = new Map([['pytorch_model.bin', bytesOf('module.bin')]]);
    await expect(loadWeights(new Net(), linear)).rejects.toThrow('1.weight: expected [2, 1], got [2]');
    const net = new Net();
    await loadWeights(net, linear, { rename: (name) => (name.startsWith('0.') ? name : null), strict: false });
    expect(Array.from(await net.linear.weight.data())).toEqual(expected.module['0.weight'].data);
  });

  it('copies strided tensors in parts that are smaller than they are', async () => {
    class Holder extends Module {
      readonly transposed = new Parameter(zeros([6, 4]));
      override forward(): void {}
    }
    const holder = new Holder();
    await loadWeights(holder, join(fixtures, 'state.bin'), { strict: false });
    expect(Array.from(await holder.transposed.data())).toEqual(expected.state['transposed'].data);
  });

  it('comes after safetensors, and is no safetensors', async () => {
    await expect(openSafetensors(join(fixtures, 'state.bin'))).rejects.toThrow('the header claims');
    await expect(openSafetensors(new Map([['pytorch_model.bin', bytesOf('state.bin')]]))).rejects.toThrow(
      'expected model.safetensors',
    );
    const both = new Map([
      ['model.safetensors', new Uint8Array(3)],
      ['pytorch_model.bin', bytesOf('state.bin')],
    ]);
    await expect(openCheckpoint(both)).rejects.toThrow('model.safetensors');
  });
});

describe('is refused, by name:', () => {
  it.each([
    ['os-system', 'asks for posix.system: only tensors are read, nothing is ever run'],
    ['eval', 'asks for __builtin__.eval'],
    ['module', 'asks for torch.nn.modules.linear.Linear'],
    ['device', 'asks for torch.device'],
    ['complex', 'asks for torch.ComplexFloatStorage'],
    ['quantized', 'asks for torch._utils._rebuild_qtensor'],
    ['sparse', 'asks for torch._utils._rebuild_sparse_tensor'],
    ['nested', 'state_dict: expected a tensor, got a dict'],
    ['list', 'expected a dictionary of tensors, got a list'],
    ['repeated', 'weight: [1000000000000] repeats the 1 elements of its storage'],
    ['old', "in PyTorch's format from before 1.6"],
    ['proto-name', `"__proto__" can't be a tensor's name`],
    ['compressed', 'is compressed'],
    ['photos', 'holds no data.pkl'],
  ])('%s', async (name, problem) => {
    expect(await refusal(bytesOf(`hostile/${name}.bin`))).toContain(problem);
  });

  it('sizes whose product overflows before it comes to 0', async () => {
    const shape = [...Array.from({ length: 40 }, () => 2 ** 31 - 1), 0];
    const file = Buffer.concat([...torchFile(new Map([['weight', shape]]), () => new Float32Array(4))]);
    expect(await refusal(file)).toContain('has more elements than can be counted');
  });

  it('has a case for every hostile file', () => {
    expect(readdirSync(join(fixtures, 'hostile'))).toHaveLength(14);
  });

  it('an index that names a missing file, or one elsewhere', async () => {
    const files = new Map(
      readdirSync(join(fixtures, 'sharded')).map((file) => [file, bytesOf(`sharded/${file}`)] as const),
    );
    files.delete('pytorch_model-00002-of-00002.bin');
    await expect(openCheckpoint(files)).rejects.toThrow('names pytorch_model-00002-of-00002.bin, which is not there');
    const index = { weight_map: { weight: '../../secrets.bin' } };
    files.set('pytorch_model.bin.index.json', new TextEncoder().encode(JSON.stringify(index)));
    await expect(openCheckpoint(files)).rejects.toThrow('expected a .bin file beside the index');
  });
});

describe('a damaged file', () => {
  const good = bytesOf('module.bin');

  it('is refused wherever it is cut off', async () => {
    for (let length = 0; length < good.length; length += 7)
      expect(await refusal(good.slice(0, length)), `${length} bytes`).toBeTypeOf('string');
  });

  it('gives numbers or a FormatError whatever bytes are changed, and never more memory than the file has', async () => {
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const file = good.slice();
        for (const [at, byte] of changes) file[at] = byte;
        const problem = await refusal(file);
        if (problem !== undefined) return;
        const values = await read(new Map([['pytorch_model.bin', file]]));
        const elements = Object.values(values).reduce((sum, { data }) => sum + data.length, 0);
        expect(elements).toBeLessThan(good.length);
      }),
      { numRuns: 1_500 },
    );
  });
});
