// Folders that aren't what they should be: everything that is wrong is said, and nothing stays in memory.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { init, memory } from '@heddle/tensor';
import { saveSafetensors } from '@heddle/tensor/io';
import { beforeAll, expect, it } from 'vitest';
import { AutoModel, Gpt2, Llama } from '../../src/index';
import { fixtureNames, folderOf } from '../support/model-fixture';

const filesOf = (name: string): Map<string, Uint8Array> =>
  new Map(['config.json', 'model.safetensors'].map((file) => [file, readFileSync(join(folderOf(name), file))]));

function withConfig(name: string, fields: object): Map<string, Uint8Array> {
  const files = filesOf(name);
  const config = JSON.parse(new TextDecoder().decode(files.get('config.json')));
  return files.set('config.json', new TextEncoder().encode(JSON.stringify({ ...config, ...fields })));
}

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

it.each(fixtureNames())('finds the class of %s', async (name) => {
  const model = await AutoModel.fromPretrained(folderOf(name));
  expect(model.parameterCount()).toBeGreaterThan(500);
  model.dispose();
});

it('names the architectures that it knows', async () => {
  await expect(AutoModel.fromPretrained(withConfig('gpt2', { model_type: 'mamba' }))).rejects.toThrow(
    /expected one of .*llama.*gpt2.*got "mamba"/,
  );
  await expect(Gpt2.fromPretrained(folderOf('llama'))).rejects.toThrow('expected model_type "gpt2", got "llama"');
});

it('lists everything that is wrong with a config', async () => {
  const wrong = {
    hidden_size: -1,
    num_attention_heads: 2.5,
    hidden_act: 'sine',
    rope_scaling: { rope_type: 'spiral' },
  };
  await expect(Llama.fromPretrained(withConfig('llama', wrong))).rejects.toThrow(
    /hidden_size: .*num_attention_heads: .*rope_scaling\.rope_type: .*hidden_act: /,
  );
  await expect(Llama.fromPretrained(withConfig('llama', { num_key_value_heads: 3 }))).rejects.toThrow(
    'divisor of num_attention_heads',
  );
  await expect(Llama.fromPretrained(withConfig('llama', { num_attention_heads: 3 }))).rejects.toThrow(
    'num_key_value_heads',
  );
});

it.each([
  ['gpt2', { scale_attn_weights: false }, 'scale_attn_weights: false is not supported'],
  ['gpt2', { tie_word_embeddings: false }, 'tie_word_embeddings: false is not supported'],
  ['bert-mlm', { tie_word_embeddings: false }, 'tie_word_embeddings: false is not supported'],
  ['bert-pretraining', { tie_word_embeddings: false }, 'tie_word_embeddings: false is not supported'],
  ['bart', { tie_word_embeddings: false }, 'tie_word_embeddings: false is not supported'],
  ['bloom', { tie_word_embeddings: false }, 'tie_word_embeddings: false is not supported'],
  [
    'qwen2',
    { use_sliding_window: true, sliding_window: 3, max_window_layers: 1 },
    'max_window_layers: windows in some',
  ],
])('refuses what would give other numbers: %s, %o', async (name, changes, message) => {
  await expect(AutoModel.fromPretrained(withConfig(name, changes))).rejects.toThrow(message);
});

it('gives every layer of Qwen a window or none', async () => {
  const windowOf = async (from: number): Promise<unknown> => {
    const changes = { use_sliding_window: true, sliding_window: 3, max_window_layers: from };
    const model = await AutoModel.fromPretrained(withConfig('qwen2', changes));
    const files = new Map<string, Uint8Array>();
    await (model as Llama).savePretrained(files);
    const again = await AutoModel.fromPretrained(files);
    expect(Reflect.get(again, 'config')).toEqual(Reflect.get(model, 'config'));
    return (again as Llama).config.window;
  };
  expect(await windowOf(0)).toBe(3);
  expect(await windowOf(2)).toBeUndefined();
});

it('refuses absurd sizes before it asks for memory', async () => {
  const before = memory().bytes;
  const large = 2 ** 28;
  for (const [name, fields, problem] of [
    ['gpt2', { n_embd: 65_536, n_head: 64, n_layer: 1_000 }, 'parameters'],
    ['gpt2', { n_layer: large }, 'n_layer: expected a whole number from 1 to 4096'],
    ['gpt2', { vocab_size: 1e300 }, 'vocab_size'],
    ['bert', { max_position_embeddings: large }, 'parameters'],
    ['bert', { type_vocab_size: large }, 'parameters'],
    ['bert', { id2label: null, num_labels: large }, 'num_labels: expected a whole number from 1 to 1000000'],
    ['distilbert', { n_layers: large }, 'n_layers'],
    ['llama', { num_hidden_layers: large }, 'num_hidden_layers'],
    ['t5', { relative_attention_num_buckets: large, num_heads: 16 }, 'parameters'],
    ['bart', { max_position_embeddings: large }, 'parameters'],
    ['vit', { image_size: large }, 'parameters'],
    ['clip', { vision_config: { image_size: large, patch_size: 1 } }, 'parameters'],
    ['gpt2-classes', { n_layer: large }, 'n_layer'],
  ] as const)
    await expect(
      AutoModel.fromPretrained(withConfig(name, fields)),
      `${name} ${JSON.stringify(fields)}`,
    ).rejects.toThrow(problem);
  expect(memory().bytes).toBe(before);
});

it('lists every weight that is missing, unexpected or of another shape, and frees the model', async () => {
  const before = memory().buffers;
  await expect(Gpt2.fromPretrained(withConfig('gpt2', { n_layer: 3 }))).rejects.toThrow(
    /missing: decoder\.layers\.2\.self_attn\.q_proj\.weight, /,
  );
  await expect(Gpt2.fromPretrained(withConfig('gpt2', { n_layer: 1 }))).rejects.toThrow(
    /unexpected: .*transformer\.h\.1\.attn\.c_attn/,
  );
  await expect(Gpt2.fromPretrained(withConfig('gpt2', { n_inner: 24 }))).rejects.toThrow(
    /of another shape: .*linear1\.weight: expected \[24, 16\], got \[20, 16\]/,
  );
  expect(memory().buffers).toBe(before);
});

it('names a shard that is missing, and a file that is cut off', async () => {
  const model = await Gpt2.fromPretrained(folderOf('gpt2'));
  const files = new Map<string, Uint8Array>();
  await model.savePretrained(files, { maxShardBytes: 9_000 });
  expect([...files.keys()].filter((name) => name.endsWith('.safetensors')).length).toBeGreaterThan(1);
  const again = await Gpt2.fromPretrained(files);
  expect(again.parameterCount()).toBe(model.parameterCount());
  const [shard] = files.keys();
  await expect(Gpt2.fromPretrained(new Map([...files].filter(([name]) => name !== shard)))).rejects.toThrow(shard);
  const cut = filesOf('gpt2');
  cut.set('model.safetensors', cut.get('model.safetensors')!.slice(0, -8));
  await expect(Gpt2.fromPretrained(cut)).rejects.toThrow('cut off');
});

it('reads a checkpoint of the model without its head, whose names lack the prefix', async () => {
  const model = await Gpt2.fromPretrained(folderOf('gpt2'));
  const bare = new Map([...model.stateDict()].map(([name, t]) => [name, t]));
  expect(bare.size).toBeGreaterThan(10);
  const files = new Map<string, Uint8Array>();
  await model.savePretrained(files);
  const { loadSafetensors } = await import('@heddle/tensor/io');
  const state = await loadSafetensors(files);
  const short = new Map([...state].map(([name, t]) => [name.replace(/^transformer\./, ''), t]));
  await saveSafetensors('model.safetensors', short, { into: files });
  const again = await Gpt2.fromPretrained(files);
  for (const [name, p] of model.namedParameters())
    expect(await again.namedParameters().get(name)?.data()).toEqual(await p.data());
});

it('has a fixture for every folder', () => {
  for (const name of fixtureNames()) expect(readdirSync(folderOf(name)).sort()).toContain('expected.json');
});
