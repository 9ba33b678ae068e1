// Files are written whole or not at all, whatever the disk does.
import { createHash } from 'node:crypto';
import fs, { mkdtemp, writeFile as plainly, readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { init, memory, tensor } from '../../src/index';
import { saveSafetensors, sha256, WriteError, writeFile } from '../../src/io/index';
import { PortableSha256 } from '../../src/io/sha256-portable';

let folder: string;
beforeAll(() => init({ backend: 'reference' }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-'));
});
afterEach(() => vi.restoreAllMocks());

/** A disk that is full once `room` more bytes are written. */
function fillDisk(room: number): void {
  let left = room;
  const open = fs.open;
  vi.spyOn(fs, 'open').mockImplementation(async (...args) => {
    const handle = await open(...args);
    const write = handle.writeFile.bind(handle);
    handle.writeFile = async (data) => {
      const bytes = typeof data === 'string' ? Buffer.from(data) : (data as Uint8Array);
      await write(bytes.subarray(0, Math.max(0, left)));
      left -= bytes.length;
      if (left < 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    };
    return handle;
  });
}

describe('writeFile', () => {
  it('makes folders, replaces what is there, and tells size and hash', async () => {
    const path = join(folder, 'a', 'b.txt');
    await writeFile(path, 'old');
    const written = await writeFile(path, [new Uint8Array([110]), new Uint8Array([101, 119])]);
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(written).toMatchObject({ bytes: 3, sha256: createHash('sha256').update('new').digest('hex') });
    expect(sha256('new')).toBe(written.sha256);
    expect(await readdir(join(folder, 'a'))).toEqual(['b.txt']);
  });

  it.each([0, 1, 500])('leaves the file before as it was when the disk is full after %i bytes', async (room) => {
    const path = join(folder, 'a.bin');
    await writeFile(path, 'before');
    fillDisk(room);
    const error = await writeFile(path, new Uint8Array(1000)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(WriteError);
    expect(error).toMatchObject({ file: path, code: 'ENOSPC' });
    expect((error as Error).message).toContain('the disk is full; what was there before is unchanged');
    expect(await readFile(path, 'utf8')).toBe('before');
    expect(await readdir(folder)).toEqual(['a.bin']);
  });

  it('says when a part of the path is a file, or the path a folder', async () => {
    await plainly(join(folder, 'file'), '');
    const below = writeFile(join(folder, 'file', 'a.txt'), 'x');
    await expect(below).rejects.toThrow('a part of the path is a file, not a folder');
    await expect(writeFile(folder, 'x')).rejects.toThrow(WriteError);
    expect((await stat(folder)).isDirectory()).toBe(true);
  });

  it('passes on what the content itself throws, and leaves nothing', async () => {
    const content = (function* () {
      yield new Uint8Array(3);
      throw new TypeError('mine');
    })();
    await expect(writeFile(join(folder, 'a'), content)).rejects.toThrow(new TypeError('mine'));
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('the portable SHA-256', () => {
  it('gives what Node gives, however the bytes arrive', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), (parts) => {
        const portable = new PortableSha256();
        const node = createHash('sha256');
        for (const part of parts) {
          portable.update(part);
          node.update(part);
        }
        expect(portable.digest()).toBe(node.digest('hex'));
      }),
    );
    for (let length = 0; length < 200; length++) {
      const portable = new PortableSha256();
      portable.update(new Uint8Array(length).fill(7));
      expect(portable.digest()).toBe(sha256(new Uint8Array(length).fill(7)));
    }
  });
});

describe('saveSafetensors', () => {
  const tensors = (value: number) =>
    new Map(['a', 'b', 'c'].map((name) => [name, tensor(new Float32Array(100).fill(value))]));

  it('refuses a limit that is none, and a place that is no map', async () => {
    const path = join(folder, 'model.safetensors');
    for (const options of [{ maxShardBytes: Number.NaN }, { maxShardBytes: '4MB' }, { into: {} }, { into: null }])
      await expect(saveSafetensors(path, tensors(1), options as never)).rejects.toThrow(
        expect.objectContaining({ op: 'saveSafetensors', argument: Object.keys(options)[0] }),
      );
    expect(await readdir(folder)).toEqual([]);
  });

  // No reader of the format would open the file.
  it.each([{ a: 1 }, { a: { b: 'c' } }, 'pt', ['pt'], null])(
    'refuses metadata that is no text: %j',
    async (metadata) => {
      const path = join(folder, 'model.safetensors');
      await expect(saveSafetensors(path, tensors(1), { metadata: metadata as never })).rejects.toThrow(
        expect.objectContaining({ op: 'saveSafetensors', argument: 'metadata' }),
      );
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it.each([0, 300, 700, 1200])(
    'keeps every shard of the checkpoint before when the disk is full after %i bytes',
    async (room) => {
      const path = join(folder, 'model.safetensors');
      await saveSafetensors(path, tensors(1), { maxShardBytes: 400 });
      const before = await Promise.all((await readdir(folder)).map(async (f) => [f, await readFile(join(folder, f))]));
      const buffers = memory().buffers;
      fillDisk(room);
      await expect(saveSafetensors(path, tensors(2), { maxShardBytes: 400 })).rejects.toThrow('the disk is full');
      vi.restoreAllMocks();
      const after = await Promise.all((await readdir(folder)).map(async (f) => [f, await readFile(join(folder, f))]));
      expect(after).toEqual(before);
      expect(memory().buffers).toBe(buffers + 3);
    },
  );

  it('refuses names that mean something else, and paths of another kind', async () => {
    const t = tensor([1]);
    for (const name of ['__metadata__', '__proto__', 'a.constructor.b'])
      await expect(saveSafetensors(join(folder, 'a.safetensors'), new Map([[name, t]]))).rejects.toThrow(name);
    await expect(saveSafetensors(join(folder, 'a.bin'), new Map())).rejects.toThrow('ends in .safetensors');
  });
});
