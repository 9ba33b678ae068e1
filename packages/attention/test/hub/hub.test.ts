// Models by their ids, from a server that plays the Hub: cached, continued, held against hashes, and errors that say
// what to do.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { init } from '@heddle/tensor';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { AutoModel, Gpt2, HubError } from '../../src/index';
import { folderOf } from '../support/model-fixture';
import { type Behaviour, startHub } from './server';

let plain: Gpt2;
let hub: Awaited<ReturnType<typeof startHub>>;
let behaviour: Behaviour;
let cacheDir: string;
const files = new Map<string, Uint8Array>();
const at = () => ({ hubUrl: hub.url, cacheDir });
const weightsOf = async (model: Gpt2): Promise<Float32Array> => model.embedding.weight.data();
const downloads = (): string[] => behaviour.requests.filter((line) => line.includes('/resolve/'));
const blobs = (): string[] => readdirSync(join(cacheDir, 'models--owner--tiny/blobs'));

/** Waits until so much of the weights lies on the disk. */
async function arrived(total: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const partial = existsSync(join(cacheDir, 'models--owner--tiny/blobs'))
      ? blobs().find((name) => name.endsWith('.incomplete'))
      : undefined;
    if (partial !== undefined && statSync(join(cacheDir, 'models--owner--tiny/blobs', partial)).size >= total) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

beforeAll(async () => {
  await init({ backend: 'wasm' });
  plain = await Gpt2.fromPretrained(folderOf('gpt2'));
});
beforeEach(async () => {
  files.clear();
  files.set('tokenizer.json', new TextEncoder().encode('{}'));
  for (const file of ['config.json', 'model.safetensors']) files.set(file, readFileSync(join(folderOf('gpt2'), file)));
  cacheDir = mkdtempSync(join(tmpdir(), 'heddle-hub-'));
  hub = await startHub(files);
  behaviour = hub.behaviour;
});
afterEach(async () => {
  await hub.close();
  rmSync(cacheDir, { recursive: true });
});
afterAll(() => plain.dispose());

it('fetches a model once, into the layout of Python, and says how far it is', async () => {
  const stages = new Map<string, number[]>();
  const onProgress = (done: number, total: number, stage: string): void => {
    stages.set(stage, [...(stages.get(stage) ?? []), done / total]);
  };
  const model = await Gpt2.fromPretrained('owner/tiny', { ...at(), onProgress });
  expect(await weightsOf(model)).toEqual(await weightsOf(plain));
  for (const stage of ['download', 'load']) {
    const shares = stages.get(stage) ?? [];
    expect(shares.at(-1), stage).toBe(1);
    expect(
      [...shares].sort((a, b) => a - b),
      stage,
    ).toEqual(shares);
  }
  const root = join(cacheDir, 'models--owner--tiny');
  expect(readFileSync(join(root, 'refs/main'), 'utf8')).toBe('a'.repeat(40));
  expect(existsSync(join(root, 'snapshots', 'a'.repeat(40), 'tokenizer.json'))).toBe(true);
  expect(downloads()).toHaveLength(3);
  expect(await weightsOf((await AutoModel.fromPretrained('owner/tiny', at())) as Gpt2)).toEqual(await weightsOf(plain));
  await Gpt2.fromPretrained('owner/tiny', { ...at(), revision: 'v1' });
  expect(downloads()).toHaveLength(3);
});

it('goes on without a network, from the cache', async () => {
  await Gpt2.fromPretrained('owner/tiny', at());
  await hub.close();
  const model = await Gpt2.fromPretrained('owner/tiny', at());
  expect(await weightsOf(model)).toEqual(await weightsOf(plain));
  await expect(Gpt2.fromPretrained('owner/tiny', { ...at(), revision: 'v2' })).rejects.toThrow(
    /the Hub can't be reached, and the cache \(.*\) has no revision v2/,
  );
  hub = await startHub(files);
});

it('goes on where a connection broke, in one call and in the next', async () => {
  const size = files.get('model.safetensors')!.length;
  behaviour.breaks = { after: 5_000, times: 2, arrived };
  await Gpt2.fromPretrained('owner/tiny', at());
  expect(downloads().filter((line) => line.includes('model.safetensors'))).toEqual(
    ['', ' bytes=5000-', ' bytes=10000-'].map(
      (range) => `GET /owner/tiny/resolve/${'a'.repeat(40)}/model.safetensors${range}`,
    ),
  );
  rmSync(join(cacheDir, 'models--owner--tiny'), { recursive: true });
  behaviour.breaks = { after: 100, times: 5, arrived };
  await expect(Gpt2.fromPretrained('owner/tiny', at())).rejects.toThrow(
    `model.safetensors: broke off at byte 500 of ${size}; loading again goes on from there`,
  );
  expect(blobs().some((name) => name.endsWith('.incomplete'))).toBe(true);
  behaviour.requests.length = 0;
  const model = await Gpt2.fromPretrained('owner/tiny', at());
  expect(downloads()).toEqual([`GET /owner/tiny/resolve/${'a'.repeat(40)}/model.safetensors bytes=500-`]);
  expect(await weightsOf(model)).toEqual(await weightsOf(plain));
  expect(blobs().some((name) => name.endsWith('.incomplete'))).toBe(false);
});

it('begins again where the server has no ranges', async () => {
  behaviour.ranges = false;
  behaviour.breaks = { after: 5_000, times: 1, arrived };
  const model = await Gpt2.fromPretrained('owner/tiny', at());
  expect(await weightsOf(model)).toEqual(await weightsOf(plain));
});

it('refuses what arrives damaged, and fetches it again the next time', async () => {
  behaviour.damage = true;
  await expect(Gpt2.fromPretrained('owner/tiny', at())).rejects.toThrow('model.safetensors: arrived damaged');
  expect(blobs().some((name) => name.length > 60)).toBe(false);
  behaviour.damage = false;
  await Gpt2.fromPretrained('owner/tiny', at());
});

it('fetches shards, and PyTorch files where there are no safetensors', async () => {
  files.delete('model.safetensors');
  await plain.savePretrained(files, { maxShardBytes: 9_000 });
  const model = await Gpt2.fromPretrained('owner/tiny', at());
  expect(await weightsOf(model)).toEqual(await weightsOf(plain));
  expect(downloads().length).toBeGreaterThan(4);
  files.delete([...files.keys()].filter((name) => /00002/.test(name))[0]);
  rmSync(join(cacheDir, 'models--owner--tiny'), { recursive: true });
  await expect(Gpt2.fromPretrained('owner/tiny', at())).rejects.toThrow(
    /index\.json names .*00002.*, which is not there/,
  );
  for (const name of [...files.keys()].filter((name) => name.includes('safetensors'))) files.delete(name);
  await expect(Gpt2.fromPretrained('owner/tiny', at())).rejects.toThrow('has none of model.safetensors, ');
});

it('says what there is not', async () => {
  const missing = Gpt2.fromPretrained('owner/other', at());
  await expect(missing).rejects.toBeInstanceOf(HubError);
  await expect(missing).rejects.toThrow('there is no such folder, and the Hub has no such model or no revision main');
  await expect(Gpt2.fromPretrained('owner/tiny', { ...at(), revision: '../../x' })).rejects.toThrow(
    'revision: expected',
  );
  files.delete('config.json');
  await expect(AutoModel.fromPretrained('owner/tiny', at())).rejects.toThrow('has no config.json');
  const wrong = { dtype: 'int4' } as unknown as { dtype: 'float32' };
  await expect(Gpt2.fromPretrained(folderOf('gpt2'), wrong)).rejects.toThrow("dtype: expected 'float32'");
});
