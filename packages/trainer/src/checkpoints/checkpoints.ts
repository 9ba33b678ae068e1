// A run's checkpoints: written so that they appear whole or not at all, checked before use, pruned by age.
import type { AnyTensor } from '@heddle/tensor';
import { saveSafetensors } from '@heddle/tensor/io';
import { CheckpointError } from './errors.js';
import { decodeStateFile, encodeStateFile, type HashedFile, type RunState, type StateFile } from './run-state.js';
import { type Store, writeText } from './store.js';

/** Tensors of a checkpoint. */
export interface CheckpointTensors {
  readonly model: ReadonlyMap<string, AnyTensor>;
  readonly optimizer: ReadonlyMap<string, AnyTensor>;
}

/** A checkpoint that was found whole. */
export interface Found extends StateFile {
  /** Its folder's name in the store. */
  readonly folder: string;
}

const MODEL = 'model.safetensors';
const OPTIMIZER = 'optimizer.safetensors';
const STATE = 'state';
const FOLDER = /^step-(\d+)$/;
const BEST = /^best-(\d+)\.safetensors$/;

const padded = (step: number): string => String(step).padStart(8, '0');

/** The checkpoints of one run, in one store. */
export class Checkpoints {
  /** Checkpoints of this run that are still there, the oldest first. */
  private kept: { readonly folder: string; best: HashedFile | null }[] = [];
  private lastFiles: readonly HashedFile[] = [];
  private best: HashedFile | null = null;
  private started = false;
  private hasWritten = false;

  constructor(
    readonly store: Store,
    private readonly keep: number,
  ) {}

  /** Path of the newest checkpoint of this run; null before the first. */
  get latest(): string | null {
    const last = this.kept.at(-1);
    return last === undefined ? null : this.store.path(last.folder);
  }

  /** Whether there is no checkpoint of any run. */
  async isEmpty(): Promise<boolean> {
    return (await this.folders()).length === 0;
  }

  /**
   * Refuses to begin where a run was stopped half-way: its checkpoints would be lost.
   *
   * @throws {CheckpointError}
   */
  async requireRoom(): Promise<void> {
    const newest = (await this.folders()).at(-1);
    if (newest === undefined) return;
    const held = await this.stateOf(newest);
    if (held?.state.finished != null) return;
    const sentence = `holds a run that is not finished (${newest}): go on with resume: true, or name another folder`;
    throw new CheckpointError(this.store.name, 'unfinished-run', sentence);
  }

  /**
   * The newest whole checkpoint; damaged ones are passed over and reported.
   *
   * @throws {CheckpointError} where all are damaged.
   */
  async findLatest(warn: (sentence: string) => Promise<void>): Promise<Found | null> {
    const folders = await this.folders();
    for (const folder of [...folders].reverse()) {
      const found = await this.check(folder);
      if (typeof found !== 'string') {
        if (folder !== folders.at(-1)) await warn(`going on from ${this.store.path(folder)}`);
        return found;
      }
      await warn(`${this.store.path(folder)} is damaged and passed over: ${found}`);
    }
    if (folders.length === 0) return null;
    throw new CheckpointError(this.store.name, 'damaged', `all ${folders.length} checkpoints are damaged`);
  }

  /**
   * One checkpoint, by its path or its folder's name.
   *
   * @throws {CheckpointError} where it isn't there or isn't whole.
   */
  async find(path: string): Promise<Found> {
    const folder = path.split(/[/\\]/).findLast((part) => part !== '') ?? path;
    const folders = await this.folders();
    if (!folders.includes(folder)) {
      const sentence = `has no checkpoint ${folder}; there is ${folders.join(', ') || 'none'}`;
      throw new CheckpointError(this.store.name, 'missing', sentence);
    }
    const found = await this.check(folder);
    if (typeof found !== 'string') return found;
    throw new CheckpointError(this.store.path(folder), 'damaged', found);
  }

  /** Counts a found checkpoint, and those before it, as this run's own. */
  async adopt(found: Found): Promise<void> {
    this.started = true;
    for (const folder of await this.folders()) {
      const file = folder === found.folder ? found : await this.stateOf(folder);
      if (file !== null && file.state.step <= found.state.step) {
        this.kept.push({ folder, best: file.best });
      }
    }
    this.lastFiles = found.files;
    this.best = found.best;
  }

  /** Writes the best weights so far. Checkpoints after it refer to them. */
  async writeBest(step: number, model: ReadonlyMap<string, AnyTensor>): Promise<void> {
    await this.start();
    this.best = await this.saveTensors(`best-${padded(step)}.safetensors`, model);
    await this.prune();
  }

  /** For the loading functions: the best weights, or null before the first evaluation. */
  get bestFile(): string | null {
    return this.best?.file ?? null;
  }

  /** Writes a checkpoint, then removes those that are too old. */
  async write(state: RunState, tensors: CheckpointTensors): Promise<string> {
    await this.start();
    const folder = `step-${padded(state.step)}`;
    const last = this.kept.at(-1);
    if (last?.folder === folder) {
      // The same step has the same tensors; only what is said of them may have changed.
      await this.writeState(folder, state);
      last.best = this.best;
    } else {
      const temporary = `writing-${folder}`;
      await this.store.remove(temporary);
      try {
        const model = await this.saveTensors(`${temporary}/${MODEL}`, tensors.model);
        const optimizer = await this.saveTensors(`${temporary}/${OPTIMIZER}`, tensors.optimizer);
        this.lastFiles = [
          { file: MODEL, sha256: model.sha256 },
          { file: OPTIMIZER, sha256: optimizer.sha256 },
        ];
        await this.writeState(temporary, state);
        await this.store.rename(temporary, folder);
      } catch (error) {
        await this.store.remove(temporary).catch(() => undefined);
        throw error;
      }
      this.kept.push({ folder, best: this.best });
    }
    this.hasWritten = true;
    await this.prune();
    return this.store.path(folder);
  }

  /** Removes what an earlier, finished run left here. Only once there is something of this run to write. */
  private async start(): Promise<void> {
    if (this.started) return;
    this.started = true;
    for (const name of await this.store.list()) if (FOLDER.test(name) || BEST.test(name)) await this.store.remove(name);
  }

  private async saveTensors(file: string, tensors: ReadonlyMap<string, AnyTensor>): Promise<HashedFile> {
    const path = this.store.path(file);
    const written = (await saveSafetensors(path, tensors, this.store.into)).get(path);
    if (written === undefined) throw new CheckpointError(path, 'missing', 'was not written');
    return { file, sha256: written.sha256 };
  }

  private async writeState(folder: string, state: RunState): Promise<void> {
    const content = { state, files: this.lastFiles, best: this.best };
    await writeText(this.store, `${folder}/${STATE}`, encodeStateFile(content));
  }

  /** Keeps the newest checkpoints and the best weights that they refer to. */
  private async prune(): Promise<void> {
    this.kept.splice(0, Math.max(0, this.kept.length - this.keep));
    const wanted = new Set(this.kept.flatMap(({ folder, best }) => [folder, best?.file]));
    wanted.add(this.best?.file);
    for (const name of await this.store.list()) {
      // Before the first checkpoint of a resumed run, those that it was not resumed from may still be of use.
      const isOld = BEST.test(name) || (FOLDER.test(name) && this.hasWritten);
      if (isOld && !wanted.has(name)) await this.store.remove(name);
    }
  }

  /** The checkpoint, or what is wrong with it. */
  private async check(folder: string): Promise<Found | string> {
    const file = await this.stateOf(folder);
    if (file === null) return `${STATE} is missing or was changed`;
    const inside = file.files.map((hashed) => ({ ...hashed, file: `${folder}/${hashed.file}` }));
    for (const hashed of [...inside, ...(file.best === null ? [] : [file.best])]) {
      const hash = await this.store.hash(hashed.file);
      if (hash === null) return `${hashed.file} is missing`;
      if (hash !== hashed.sha256) return `${hashed.file} is not as it was written (SHA-256 differs)`;
    }
    return { ...file, folder };
  }

  private async stateOf(folder: string): Promise<StateFile | null> {
    const bytes = await this.store.read(`${folder}/${STATE}`);
    return bytes === null ? null : decodeStateFile(bytes);
  }

  /** Folders of checkpoints, the oldest first. */
  private async folders(): Promise<string[]> {
    return (await this.store.list()).filter((name) => FOLDER.test(name));
  }

  /** Where the model and the optimizer of a found checkpoint lie. */
  static filesOf(found: Found): { readonly model: string; readonly optimizer: string } {
    return { model: `${found.folder}/${MODEL}`, optimizer: `${found.folder}/${OPTIMIZER}` };
  }
}
