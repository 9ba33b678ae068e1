// Putting a program back to where a checkpoint was written. All is checked before anything changes.
import { ArgumentError, type BackendInfo, type Generator, manualSeed } from '@heddle/tensor';
import { loadSafetensors, loadWeights, openSafetensors } from '@heddle/tensor/io';
import { type Module, StateDictError } from '@heddle/tensor/nn';
import type { ScheduleState } from '@heddle/tensor/optim';
import { Checkpoints, type Found } from './checkpoints/checkpoints.js';
import { CheckpointError } from './checkpoints/errors.js';
import type { RunIdentity, RunState } from './checkpoints/run-state.js';
import { type GeneratorState, generatorsOf } from './generators.js';
import type { RunSettings } from './options.js';

/**
 * Loads weights, optimizer, schedule and generators from a checkpoint.
 *
 * @throws {CheckpointError} where it belongs to another model, optimizer, dataset or settings.
 */
export async function restoreRun(
  checkpoints: Checkpoints,
  found: Found,
  identity: RunIdentity,
  model: Module,
  settings: RunSettings,
): Promise<void> {
  const path = checkpoints.store.path(found.folder);
  requireSame(path, found.state.identity, identity);
  if ((found.state.schedule === null) !== (settings.schedule === null)) {
    const [was, is] = settings.schedule === null ? ['with', 'without'] : ['without', 'with'];
    throw new CheckpointError(path, 'other-run', `was written ${was} a schedule, and this run is ${is} one`);
  }
  const kinds = [found.state.schedule, settings.schedule?.state() ?? null].map(fieldsOf);
  if (kinds[0] !== kinds[1]) {
    throw new CheckpointError(
      path,
      'other-run',
      `was written with a schedule of ${kinds[0]}, and this one has ${kinds[1]}`,
    );
  }
  const generators = generatorsOf(model, settings.generators);
  requireSameGenerators(path, found.state.generators, generators);
  const files = Checkpoints.filesOf(found);
  await asCheckpointError(path, async () => {
    await requireFits(model, checkpoints, files.model);
    await restoreOptimizer(checkpoints, files.optimizer, found.state, settings);
    await loadWeights(model, checkpoints.store.source(files.model));
  });
  if (found.state.schedule !== null) settings.schedule?.restore(found.state.schedule);
  for (const [i, state] of (found.state.generators ?? []).entries()) generators[i].restore(state);
  manualSeed(found.state.random.seed).restore(found.state.random);
}

/**
 * What numbers depend on beside the program: the backend, its SIMD level, its BLAS. Threads are not among it. Another
 * variant rounds otherwise, so a run that goes on there is not the run that never stopped, bit for bit.
 */
export function variantOf({ backend, simd, blas }: BackendInfo): string {
  const library = /^(off|none)/.test(blas) ? 'no BLAS' : blas;
  return `${backend}, ${simd} SIMD, ${library}`;
}

/** What to tell the user who resumes on another variant; null where it is the same, or not known. */
export function variantWarning(was: string | undefined, is: string): string | null {
  if (was === undefined || was === is) return null;
  return `this run was computed on ${was} and goes on with ${is}: its numbers will differ in their last digits`;
}

/** What a schedule's state is made of: each kind has its own. */
function fieldsOf(schedule: ScheduleState | null): string {
  return Object.keys(schedule ?? {})
    .sort()
    .join(', ');
}

function requireSame(path: string, was: RunIdentity, is: RunIdentity): void {
  const names = ['data', 'batchSize', 'accumulate', 'seed', 'clip'] as const satisfies (keyof RunIdentity)[];
  const changed = names.flatMap((name) =>
    was[name] === is[name] ? [] : [`${name} was ${was[name]} and is ${is[name]}`],
  );
  if (changed.length === 0) return;
  throw new CheckpointError(path, 'other-run', `belongs to another run: ${changed.join('; ')}`);
}

/** Generators of the same seeds, or each would go on somewhere else. */
function requireSameGenerators(
  path: string,
  was: readonly GeneratorState[] | undefined,
  is: readonly Generator[],
): void {
  if (was === undefined) return;
  const [then, now] = [was, is].map((all) => all.map(({ seed }) => seed).join(', ') || 'none');
  if (then === now) return;
  const sentence = `was written with generators of the seeds ${then}, and this run has ${now}`;
  throw new CheckpointError(path, 'other-run', sentence);
}

async function requireFits(model: Module, { store }: Checkpoints, file: string): Promise<void> {
  const weights = await openSafetensors(store.source(file));
  try {
    model.placesFor(weights.entries);
  } finally {
    await weights.close();
  }
}

async function restoreOptimizer(
  { store }: Checkpoints,
  file: string,
  { optimizer: { step, groups, updates } }: RunState,
  { optimizer }: RunSettings,
): Promise<void> {
  const own = optimizer.stateDict().groups.map((group) => Object.keys(group).sort().join(', '));
  const theirs = groups.map((group) => Object.keys(group).sort().join(', '));
  if (own.join('; ') !== theirs.join('; ')) {
    throw new ArgumentError('Trainer', 'optimizer', `one with the settings ${theirs.join('; ')}`, own.join('; '));
  }
  const tensors = await loadSafetensors(store.source(file));
  try {
    optimizer.loadStateDict({ step, groups, tensors, ...(updates === undefined ? {} : { updates }) });
  } finally {
    for (const t of tensors.values()) t.dispose();
  }
}

async function asCheckpointError(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StateDictError || error instanceof ArgumentError)) throw error;
    const sentence = `belongs to another model or optimizer: ${error.message}`;
    throw new CheckpointError(path, 'other-model', sentence, { cause: error });
  }
}
