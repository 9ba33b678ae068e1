// An adapter in PEFT's layout: adapter_config.json, and its weights under the names of the model in `transformers`.
// https://github.com/huggingface/peft/blob/v0.12.0/src/peft/utils/save_and_load.py
import { FormatError, noGrad, scope, type Tensor, tensor } from '@heddle/tensor';
import {
  type CheckpointFile,
  openCheckpoint,
  readFile,
  readJson,
  type Source,
  saveSafetensors,
  writeFile,
} from '@heddle/tensor/io';
import { assign, type Linear } from '@heddle/tensor/nn';
import { checkpointName, packedWith } from '../models/checkpoint-layout';
import { ConfigReader } from '../models/config-reader';
import { folderAt, type ModelTarget } from '../models/folder-target';
import { fromTheirRows, toTheirRows } from '../models/save-checkpoint';
import { type Adaptable, Lora, linearsOf, type SiteSettings } from './lora';
import type { LoraPair } from './lora-pair';
import { exactly, partsIn, stateOfParts } from './saved-parts';

/** What PEFT puts in front of the model's own names. */
const PREFIX = 'base_model.model.';
const CONFIG = 'adapter_config.json';

/** The files of an adapter that hold its weights, in the order in which they are looked for. */
const WEIGHTS = ['adapter_model.safetensors', 'adapter_model.bin'] as const;

/** Writes an adapter. */
export async function saveLora(lora: Lora, target: ModelTarget): Promise<void> {
  const { at, into } = folderAt('Lora.save', target);
  const { model, config, pairs, savedParts } = lora;
  const { rank, alpha = rank, dropout = 0, rankStabilized = false, weightDecomposed = false } = config;
  const modules = pairs.map((pair) => moduleOf(model, pair.targets[0]));
  const state = stateOfParts(model, savedParts, PREFIX);
  const made: Tensor[] = [];
  pairs.forEach((pair, i) => {
    state.set(`${PREFIX}${modules[i]}.lora_A.weight`, pair.a);
    for (const [name, rows] of [
      ['lora_B.weight', pair.b],
      ['lora_magnitude_vector', pair.magnitude],
    ] as const) {
      if (rows === null) continue;
      const theirs = rowsOf(model, pair, rows, rows === pair.magnitude ? lengthOf : undefined);
      if (theirs !== rows) made.push(theirs);
      state.set(`${PREFIX}${modules[i]}.${name}`, theirs);
    }
  });
  try {
    await saveSafetensors(at(WEIGHTS[0]), state, { metadata: { format: 'pt' }, ...into });
  } finally {
    for (const t of made) t.dispose();
  }
  const json = {
    peft_type: 'LORA',
    r: rank,
    lora_alpha: alpha,
    lora_dropout: dropout,
    use_rslora: rankStabilized,
    use_dora: weightDecomposed,
    target_modules: targetsOf(model, modules),
    modules_to_save: savedParts.length === 0 ? null : savedParts.map(({ name }) => moduleOf(model, name)),
    rank_pattern: pattern(pairs, modules, (pair) => (pair.rank === rank ? undefined : pair.rank)),
    alpha_pattern: pattern(pairs, modules, (pair) => (pair.alpha === alpha ? undefined : pair.alpha)),
    bias: 'none',
    fan_in_fan_out: pairs.some((pair) =>
      model.layout?.transposed?.some((name) => sameModule(name, modules[pairs.indexOf(pair)])),
    ),
    inference_mode: true,
    base_model_name_or_path: null,
    task_type: null,
  };
  await writeFile(at(CONFIG), `${JSON.stringify(json, null, 2)}\n`, into);
}

/** Last words of names, unless one of them is another map's too, as `dense` in BERT: then whole names. */
function targetsOf(model: Adaptable, modules: readonly string[]): readonly string[] {
  const last = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
  const words = new Set(modules.map(last));
  const meant = new Set(modules);
  const others = [...linearsOf(model).keys()].map((name) => moduleOf(model, name)).filter((name) => !meant.has(name));
  return others.some((name) => words.has(last(name))) ? [...modules].sort() : [...words].sort();
}

function pattern(
  pairs: readonly LoraPair[],
  modules: readonly string[],
  own: (pair: LoraPair) => number | undefined,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    pairs.flatMap((pair, i) => {
      const value = own(pair);
      return value === undefined ? [] : [[modules[i], value]];
    }),
  );
}

const sameModule = (starred: string, name: string): boolean =>
  new RegExp(`^${starred.replaceAll('.', '\\.').replace('*', '\\d+')}$`).test(name);

/** The checkpoint's name of the module that holds a map of ours. */
function moduleOf(model: Adaptable, ours: string): string {
  return packedWith(model.layout, ours)?.theirs ?? checkpointName(model.layout, ours);
}

/** Length of each row of a map's weights: what a magnitude is where nothing was learned. */
function lengthOf({ weight }: Linear): Tensor {
  return weight.norm({ axis: 1 });
}

/**
 * The rows of a pair's maps as the checkpoint has them, heads alternating. What isn't adapted has the rows that change
 * nothing: zeros unless something else is said.
 */
function rowsOf(model: Adaptable, pair: LoraPair, rows: Tensor, idle?: (map: Linear) => Tensor): Tensor {
  const packed = packedWith(model.layout, pair.targets[0]);
  if (packed === null) return rows;
  return noGrad(() =>
    scope(() => {
      let begin = 0;
      const parts = new Map(
        pair.places.map(([{ weight }], i) => {
          const [from, size] = [begin, weight.shape[0]];
          begin += size;
          return [pair.targets[i], rows.slice([[from, from + size]])] as const;
        }),
      );
      const maps = linearsOf(model);
      const idleRows = (ours: string): Tensor | undefined => {
        const map = maps.get(ours);
        return map === undefined ? undefined : idle?.(map);
      };
      return toTheirRows(packed, (ours) => parts.get(ours) ?? idleRows(ours));
    }),
  );
}

/** Reads an adapter. */
export async function loadLora<M extends Adaptable>(model: M, source: Source): Promise<Lora<M>> {
  const reader = new ConfigReader((await readJson(source, CONFIG)) as Readonly<Record<string, unknown>>, CONFIG);
  reader.word('peft_type', ['LORA']);
  reader.word('bias', ['none'], 'none');
  const ranks = reader.numbers('rank_pattern');
  const alphas = reader.numbers('alpha_pattern');
  const config = reader.done(
    {
      rank: reader.whole('r'),
      alpha: reader.number('lora_alpha'),
      dropout: reader.number('lora_dropout', 0),
      rankStabilized: reader.flag('use_rslora', false),
      weightDecomposed: reader.flag('use_dora', false),
    },
    () => 0,
  );
  const file = await openWeights(source);
  try {
    const names = namesIn(file);
    // As in PEFT, keys are patterns of a name's end, and the first that fits, among those of ranks too, settles both.
    const patterns = [...ranks.keys(), ...alphas.keys()].map((key) => [key, patternOf(key)] as const);
    const alphaOf = (module: string): number => {
      const [key = module] = patterns.find(([, fits]) => fits.test(module)) ?? [];
      return alphas.get(key) ?? config.alpha;
    };
    const settings = new Map<string, SiteSettings>();
    const used = new Set<string>();
    const targets = [...linearsOf(model).keys()].filter((ours) => {
      const found = names.of(moduleOf(model, ours), 'lora_A.weight');
      if (found === null) return false;
      for (const part of [
        'lora_A.weight',
        'lora_B.weight',
        ...(config.weightDecomposed ? ['lora_magnitude_vector'] : []),
      ])
        used.add(`${found}.${part}`);
      const rank = file.entries.get(`${found}.lora_A.weight`)?.shape[0];
      settings.set(ours, { ...(rank === undefined ? {} : { rank }), alpha: alphaOf(found.slice(PREFIX.length)) });
      return true;
    });
    const saved = partsIn(model, file, PREFIX);
    for (const { keys } of saved) for (const key of keys.values()) used.add(key);
    const strange = [...file.entries.keys()].filter((key) => !used.has(key));
    const missing = [...used].filter((key) => !file.entries.has(key));
    if (strange.length + missing.length > 0 || targets.length === 0)
      throw new FormatError(
        'adapter weights',
        `unexpected: ${strange.join(', ') || 'none'} · missing: ${missing.join(', ') || 'none'}`,
      );
    const lora = new Lora(
      model,
      {
        ...config,
        targets: exactly(targets),
        ...(saved.length === 0 ? {} : { modulesToSave: exactly(saved.map(({ name }) => name)) }),
      },
      settings,
    );
    try {
      for (const pair of lora.pairs) await fill(model, pair, file, names);
      for (const { module, keys } of saved)
        for (const [leaf, p] of module.namedParameters()) await file.copyInto(keys.get(leaf) ?? leaf, p);
    } catch (error) {
      lora.dispose();
      throw error;
    }
    return lora;
  } finally {
    await file.close();
  }
}

/**
 * A key of `rank_pattern` or `alpha_pattern` as a pattern of names.
 *
 * @throws {FormatError} where it is none.
 */
function patternOf(key: string): RegExp {
  try {
    return new RegExp(`^(?:.*\\.${key}$)`);
  } catch (cause) {
    throw new FormatError(CONFIG, `${key}: expected a pattern of names`, { cause });
  }
}

/** Copies a pair's weights out of the file. */
async function fill(model: Adaptable, pair: LoraPair, file: CheckpointFile, names: Names): Promise<void> {
  const at = names.of(moduleOf(model, pair.targets[0]), 'lora_A.weight');
  await file.copyInto(`${at}.lora_A.weight`, pair.a);
  const packed = packedWith(model.layout, pair.targets[0]);
  for (const [name, rows] of [
    ['lora_B.weight', pair.b],
    ['lora_magnitude_vector', pair.magnitude],
  ] as const) {
    if (rows === null) continue;
    const key = `${at}.${name}`;
    if (packed === null) {
      await file.copyInto(key, rows);
      continue;
    }
    const shape = file.entries.get(key)?.shape ?? [];
    if (shape.reduce((a, b) => a * b, 1) !== rows.size)
      throw new FormatError('adapter weights', `${key}: expected ${rows.size} elements, got [${shape.join(', ')}]`);
    const data = await file.data(key);
    noGrad(() =>
      scope(() => assign(rows, fromTheirRows(packed, tensor<'float32'>(data, { shape, dtype: 'float32' })))),
    );
  }
}

/** Finds modules in a file, with the prefix that a model without its head lacks, or without it. */
interface Names {
  /** The name in front of `.leaf`; null where there is none. */
  of(module: string, leaf: string): string | null;
}

function namesIn(file: CheckpointFile): Names {
  return {
    of: (module, leaf) => {
      const short = module.slice(module.indexOf('.') + 1);
      return (
        [module, short].map((name) => `${PREFIX}${name}`).find((name) => file.entries.has(`${name}.${leaf}`)) ?? null
      );
    },
  };
}

async function openWeights(source: Source): Promise<CheckpointFile> {
  for (const name of WEIGHTS) {
    const bytes = await readFile(source, name);
    if (bytes !== null) return openCheckpoint(bytes);
  }
  throw new FormatError(WEIGHTS[0], 'there is no such file');
}
