// Fetches models of the Hub once, into the cache that Python's huggingface_hub has too. Node only.
// https://huggingface.co/docs/huggingface_hub/guides/manage-cache
import { HeddleError } from '@heddle/tensor';
import { download, type RemoteFile } from './download';
import { HubError } from './errors';
import type { HubOptions } from './hub';

/** What is fetched besides config and weights, where it is there. */
const SMALL = [
  ...['generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'vocab.txt'],
  ...['vocab.json', 'merges.txt', 'spiece.model', 'tokenizer.model', 'sentencepiece.bpe.model', 'added_tokens.json'],
  ...['modules.json', 'sentence_bert_config.json', '1_Pooling/config.json', 'preprocessor_config.json'],
];

/** Weights, the better format first: one file, or an index that names the others. */
const WEIGHTS = [
  ['model.safetensors', 'model.safetensors.index.json'],
  ['pytorch_model.bin', 'pytorch_model.bin.index.json'],
] as const;

/** The part of `@huggingface/hub` that is needed. */
type Hub = Pick<
  typeof import('@huggingface/hub'),
  'getHFHubCachePath' | 'getRepoFolderName' | 'modelInfo' | 'pathsInfo'
>;

async function loadHub(id: string): Promise<Hub> {
  // A name in a variable keeps bundlers for browsers from following it: what it imports is Node's.
  const name = '@huggingface/hub';
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  } catch (cause) {
    const problem =
      'there is no such folder, and models of the Hub need @huggingface/hub: npm install @huggingface/hub';
    throw new HubError(id, problem, { cause });
  }
}

/**
 * The folder of a model in the cache, fetched where it isn't there yet.
 *
 * @throws {HubError} where there is no such model, or it can't be reached and isn't in the cache.
 */
export async function fetchModel(id: string, options: HubOptions): Promise<string> {
  const hub = await loadHub(id);
  const { join, dirname, relative } = process.getBuiltinModule('node:path');
  const fs = process.getBuiltinModule('node:fs/promises');
  const { revision = 'main', accessToken, hubUrl } = options;
  const folder = join(options.cacheDir ?? hub.getHFHubCachePath(), hub.getRepoFolderName({ type: 'model', name: id }));
  const credentials = {
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(hubUrl === undefined ? {} : { hubUrl }),
  };
  const reference = join(folder, 'refs', ...revision.split('/'));
  if (revision.split('/').some((part) => part === '' || part === '..'))
    throw new HubError(id, `revision: expected a branch, a tag or a commit, got ${JSON.stringify(revision)}`);
  let commit: string;
  try {
    const fields = { additionalFields: ['sha' as const] };
    commit = (await hub.modelInfo({ name: id, revision, ...fields, ...credentials })).sha;
  } catch (error) {
    return cached(id, folder, reference, revision, error);
  }
  const snapshot = join(folder, 'snapshots', commit);
  const whole = join(snapshot, '.whole');
  if ((await fs.stat(whole).catch(() => null)) !== null) return snapshot;
  const infoOf = async (paths: readonly string[]): Promise<RemoteFile[]> => {
    const found = await hub
      .pathsInfo({ repo: id, paths: [...paths], revision: commit, ...credentials })
      .catch((cause: unknown) => {
        throw new HubError(id, "the Hub can't say which files it has", { cause });
      });
    return found.map(({ path, size, oid, lfs }) => {
      const hash = lfs?.oid ?? oid ?? '';
      if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) throw new HubError(id, `${path}: the Hub names no hash of it`);
      return { path, size: lfs?.size ?? size, hash };
    });
  };
  const place = async (file: RemoteFile): Promise<string> => {
    const [blob, pointer] = [join(folder, 'blobs', file.hash), join(snapshot, ...file.path.split('/'))];
    if ((await fs.stat(pointer).catch(() => null)) !== null) {
      onBytes(file.size);
      return pointer;
    }
    await fs.mkdir(dirname(blob), { recursive: true });
    await fs.mkdir(dirname(pointer), { recursive: true });
    if ((await fs.stat(blob).catch(() => null)) === null) {
      const url = `${hubUrl ?? 'https://huggingface.co'}/${id}/resolve/${commit}/${file.path}`;
      const headers: Record<string, string> =
        accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
      await download(id, url, file, blob, { fetch, headers, onBytes });
    } else onBytes(file.size);
    // Where links aren't allowed, the file itself.
    await fs.symlink(relative(dirname(pointer), blob), pointer).catch(() => fs.copyFile(blob, pointer));
    return pointer;
  };
  let [done, total] = [0, 0];
  const onBytes = (bytes: number): void => {
    done += bytes;
    options.onProgress?.(done, total, 'download');
  };
  const files = await filesOf(id, infoOf, async (index) => {
    total += index.size;
    return fs.readFile(await place(index), 'utf8');
  });
  total = files.reduce((sum, { size }) => sum + size, 0);
  done = 0;
  for (const file of files) await place(file);
  await fs.writeFile(whole, '');
  await fs.mkdir(dirname(reference), { recursive: true });
  await fs.writeFile(reference, commit);
  return snapshot;
}

/** Config, weights and what is small, as far as the repository has them. */
async function filesOf(
  id: string,
  infoOf: (paths: readonly string[]) => Promise<RemoteFile[]>,
  read: (file: RemoteFile) => Promise<string>,
): Promise<readonly RemoteFile[]> {
  const listed = await infoOf(['config.json', ...WEIGHTS.flat(), ...SMALL]);
  const named = (path: string): RemoteFile | undefined => listed.find((file) => file.path === path);
  if (named('config.json') === undefined) throw new HubError(id, 'has no config.json: is it a model?');
  const small = listed.filter(({ path }) => path === 'config.json' || SMALL.includes(path));
  for (const [single, index] of WEIGHTS) {
    const one = named(single);
    if (one !== undefined) return [...small, one];
    const many = named(index);
    if (many === undefined) continue;
    const shards = shardsIn(id, index, await read(many));
    const found = await infoOf(shards);
    const missing = shards.find((shard) => !found.some(({ path }) => path === shard));
    if (missing !== undefined) throw new HubError(id, `${index} names ${missing}, which is not there`);
    return [...small, many, ...found];
  }
  throw new HubError(id, `has none of ${WEIGHTS.flat().join(', ')}`);
}

function shardsIn(id: string, index: string, text: string): string[] {
  const json: unknown = JSON.parse(text);
  const map = typeof json === 'object' && json !== null && 'weight_map' in json ? json.weight_map : null;
  const shards = typeof map === 'object' && map !== null ? [...new Set(Object.values(map))] : [];
  if (shards.length === 0 || !shards.every((shard) => typeof shard === 'string' && /^[^/\\]+$/.test(shard)))
    throw new HubError(id, `${index}: weight_map: expected names of files`);
  return shards as string[];
}

/** What the cache has of a model, where the Hub gave no answer. */
async function cached(
  id: string,
  folder: string,
  reference: string,
  revision: string,
  error: unknown,
): Promise<string> {
  const fs = process.getBuiltinModule('node:fs/promises');
  const { join } = process.getBuiltinModule('node:path');
  const answered = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : null;
  if (answered === 404)
    throw new HubError(id, `there is no such folder, and the Hub has no such model or no revision ${revision}`, {
      cause: error,
    });
  if (answered === 401 || answered === 403)
    throw new HubError(id, 'the Hub has no such model that is open to all: give an accessToken', { cause: error });
  const commit = await fs.readFile(reference, 'utf8').catch(() => revision);
  const snapshot = join(folder, 'snapshots', commit.trim());
  if ((await fs.stat(join(snapshot, 'config.json')).catch(() => null)) !== null) return snapshot;
  const reason = answered === null ? "can't be reached" : `answered ${answered}`;
  throw new HubError(
    id,
    `there is no such folder, the Hub ${reason}, and the cache (${folder}) has no revision ${revision} of it`,
    { cause: error instanceof Error ? error : new HeddleError(String(error)) },
  );
}
