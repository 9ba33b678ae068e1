// One run of `fit`: the loop over steps, evaluations and checkpoints. Everything it depends on is in RunState, so that a
// run which is stopped anywhere ends as if it had not been.
import {
  ArgumentError,
  backendInfo,
  breathe,
  DeviceLost,
  defaultGenerator,
  type Generator,
  memory,
  type Tensor,
} from '@heddle/tensor';
import { loadWeights } from '@heddle/tensor/io';
import type { Module } from '@heddle/tensor/nn';
import type { JoinedCallbacks } from './callbacks.js';
import type { Checkpoints } from './checkpoints/checkpoints.js';
import type { Best, EvaluationRecord, RunIdentity, RunState } from './checkpoints/run-state.js';
import type { CheckpointTarget } from './checkpoints/store.js';
import { planEpoch } from './epoch-plan.js';
import { NonFiniteError, RunLost } from './errors.js';
import { BREATH, evaluateItems } from './evaluate.js';
import { generatorsOf } from './generators.js';
import { type RunSettings, watchesMetric } from './options.js';
import type { StoppedBy, TrainingReport } from './report.js';
import { variantOf } from './restore.js';
import type { Parts, Task } from './tasks/task.js';
import { firstBadParameter, gatherGradients, inspectGradients, sumOf, update } from './training-step.js';

/** What a run works with. */
export interface RunParts<Row, Item, Batch> {
  readonly model: Module;
  readonly task: Task<Row, Item, Batch>;
  readonly data: Parts<Item>;
  readonly identity: RunIdentity;
  readonly settings: RunSettings;
  /** Where checkpoints and the best weights go. */
  readonly checkpoints: Checkpoints;
  /** Whether checkpoints are wanted; the best weights are kept in any case. */
  readonly writesCheckpoints: boolean;
  /** Whether they are written where nobody asked for them: a copy of what a device may take with it. */
  readonly mirrors: boolean;
  /** What a run is resumed from. */
  readonly target: CheckpointTarget;
  readonly callback: JoinedCallbacks;
}

/** A run, from its beginning or from where a checkpoint left it. */
export class TrainingRun<Row, Item, Batch> {
  private step = 0;
  private epoch = 0;
  private stepInEpoch = 0;
  private evaluatedAt = -1;
  private checkpointAt = -1;
  private sinceBest = 0;
  private finished: RunState['finished'] = null;
  private best: Best | null = null;
  private losses: number[] = [];
  private evaluations: EvaluationRecord[] = [];
  private seconds = 0;
  private samples = 0;
  private tokens = 0;
  /** Losses of steps that were not read yet. */
  private pending: Tensor[][] = [];
  private plan: readonly (readonly number[])[][] = [];
  private readonly lengths: readonly number[] | null;
  private readonly stepsPerEpoch: number;
  private readonly totalSteps: number;
  private readonly generators: readonly Generator[];

  constructor(private readonly parts: RunParts<Row, Item, Batch>) {
    const { model, task, data, settings } = parts;
    this.generators = generatorsOf(model, settings.generators);
    this.lengths = task.bucketed ? data.train.map((item) => task.lengthOf(item)) : null;
    this.stepsPerEpoch = Math.ceil(data.train.length / (settings.batchSize * settings.accumulate));
    this.totalSteps = Math.min(settings.steps, settings.epochs * this.stepsPerEpoch);
  }

  /** Goes to where a checkpoint was written. Weights, optimizer, schedule and generator are restored by whoever calls. */
  restore(state: RunState): void {
    this.step = state.step;
    this.epoch = state.epoch;
    this.stepInEpoch = state.stepInEpoch;
    this.evaluatedAt = state.evaluatedAt;
    this.checkpointAt = state.step;
    this.sinceBest = state.sinceBest;
    // A run that had done its steps goes on where more are asked for now.
    this.finished = state.finished === 'completed' && state.step < this.totalSteps ? null : state.finished;
    this.best = state.best;
    this.losses = [...state.losses];
    this.evaluations = [...state.evaluations];
    this.seconds = state.seconds;
    this.samples = state.samples;
    this.tokens = state.tokens;
  }

  async run(resumedFrom: string | null): Promise<TrainingReport> {
    const { model, callback, settings } = this.parts;
    const wasTraining = model.training;
    try {
      await callback.onStart({
        steps: this.totalSteps,
        stepsPerEpoch: this.stepsPerEpoch,
        doneSteps: this.step,
        resumedFrom,
      });
      model.train();
      const stoppedBy = await this.loop();
      if (stoppedBy !== 'signal' && this.best !== null) await this.restoreBest();
      const report = await this.report(stoppedBy, resumedFrom);
      await callback.onEnd(report);
      return report;
    } catch (cause) {
      const error = isDeviceLost(cause) ? this.lost(cause) : cause;
      await callback.onFailure(error);
      throw error;
    } finally {
      for (const losses of this.pending) for (const loss of losses) loss.dispose();
      settings.optimizer.zeroGrad();
      if (!wasTraining) model.eval();
    }
  }

  private async loop(): Promise<StoppedBy> {
    const { signal } = this.parts.settings;
    while (this.finished === null) {
      if (signal?.aborted) break;
      if (this.isEvaluationDue()) await this.evaluate();
      else if (this.isCheckpointDue()) await this.writeCheckpoint();
      else if (this.stepInEpoch === this.stepsPerEpoch) this.nextEpoch();
      else if (this.step === this.totalSteps) this.finished = 'completed';
      else await this.trainStep();
    }
    await this.readLosses();
    const { checkpoints, writesCheckpoints } = this.parts;
    // A run that was stopped before its first step is no reason to remove a finished one.
    if (writesCheckpoints && (this.step > 0 || (await checkpoints.isEmpty()))) await this.writeCheckpoint();
    return this.finished ?? 'signal';
  }

  private async trainStep(): Promise<void> {
    const { model, task, data, settings, callback } = this.parts;
    const started = performance.now();
    if (this.plan.length === 0) {
      this.plan = planEpoch(this.epoch, data.train.length, this.lengths, settings);
    }
    const batches = this.plan[this.stepInEpoch].map((rows) => ({
      batch: task.collate(rows.map((i) => data.train[i])),
      rows: rows.length,
    }));
    const losses = gatherGradients(task, batches);
    this.pending.push(losses);
    if (settings.anomaly) await this.inspect(losses);
    const { lr } = settings.optimizer;
    update(model, settings);
    if (settings.schedule !== null && !watchesMetric(settings.schedule)) settings.schedule.step();
    this.step++;
    this.stepInEpoch++;
    for (const { batch, rows } of batches) {
      this.samples += rows;
      this.tokens += task.tokensOf(batch);
    }
    if (this.step % settings.logEvery === 0) await this.readLosses();
    this.seconds += (performance.now() - started) / 1000;
    await callback.onStep({
      step: this.step,
      steps: this.totalSteps,
      epoch: this.epochsDone,
      lr,
      loss: this.losses.at(-1) ?? null,
      samplesPerSecond: this.samples / this.seconds,
    });
    await breathe(BREATH);
  }

  private nextEpoch(): void {
    this.epoch++;
    this.stepInEpoch = 0;
    this.plan = [];
  }

  private get epochsDone(): number {
    return this.epoch + this.stepInEpoch / this.stepsPerEpoch;
  }

  // — Losses —

  /** Reads the losses that are still on the device, and stops the run where one isn't finite. */
  private async readLosses(): Promise<void> {
    while (this.pending.length > 0) {
      const loss = await sumOf(this.pending[0]);
      for (const t of this.pending.shift() ?? []) t.dispose();
      this.losses.push(loss);
      if (!Number.isFinite(loss)) {
        const parameter = await firstBadParameter(this.parts.model);
        throw this.nonFinite(this.losses.length, loss, 'parameter', parameter);
      }
    }
  }

  private async inspect(losses: readonly Tensor[]): Promise<void> {
    const bad = await inspectGradients(this.parts.model, losses);
    if (bad !== null) throw this.nonFinite(this.step + 1, bad.loss, 'gradient', bad.parameter);
  }

  private nonFinite(
    step: number,
    loss: number,
    place: 'gradient' | 'parameter',
    parameter: string | null,
  ): NonFiniteError {
    const { checkpoints, writesCheckpoints } = this.parts;
    const latest = writesCheckpoints ? checkpoints.latest : null;
    return new NonFiniteError(step, loss, parameter === null ? 'loss' : place, parameter, latest);
  }

  // — Evaluations —

  private isEvaluationDue(): boolean {
    const { data, settings } = this.parts;
    if (data.validation === null || this.step === 0 || this.evaluatedAt === this.step) return false;
    if (this.step === this.totalSteps) return true;
    if (settings.evaluateEvery === null) return this.stepInEpoch === this.stepsPerEpoch;
    return this.step % settings.evaluateEvery === 0;
  }

  /** Evaluates, unless the signal comes meanwhile: then the evaluation is still due. */
  private async evaluate(): Promise<void> {
    const { model, task, data, settings, callback } = this.parts;
    await this.readLosses();
    const generators = [defaultGenerator(), ...this.generators];
    const states = generators.map((one) => one.state());
    const found = await evaluateItems(
      model,
      task,
      data.validation ?? [],
      settings.batchSize,
      () => settings.signal?.aborted === true,
    );
    if (found === null) {
      // What was drawn will be drawn again.
      for (const [i, one] of generators.entries()) one.restore(states[i]);
      return;
    }
    this.evaluatedAt = this.step;
    const record = { step: this.step, epoch: this.epochsDone, metrics: found.metrics };
    this.evaluations.push(record);
    const isBest = await this.weigh(record);
    if (settings.schedule !== null && watchesMetric(settings.schedule)) settings.schedule.step(found.metrics['loss']);
    await callback.onEvaluation({ ...record, isBest });
  }

  /** Keeps the weights where the evaluation is the best so far, and ends the run where none has been for long. */
  private async weigh({ step, epoch, metrics }: EvaluationRecord): Promise<boolean> {
    const { model, settings, checkpoints } = this.parts;
    const stopping = settings.earlyStopping;
    if (stopping === null) return false;
    const { metric, mode, patience } = stopping;
    const value = metrics[metric];
    if (typeof value !== 'number') {
      const numbers = Object.keys(metrics).filter((name) => typeof metrics[name] === 'number');
      throw new ArgumentError('Trainer', 'earlyStopping.metric', `one of ${numbers.join(', ')}`, metric);
    }
    // Anything is better than no number: a NaN at first must not stay the best.
    const before = this.best?.value ?? Number.NaN;
    const isBest = Number.isNaN(before) || (mode === 'min' ? value < before : value > before);
    if (isBest) {
      this.best = { step, epoch, metric, value };
      this.sinceBest = 0;
      await checkpoints.writeBest(step, model.stateDict());
    } else if (++this.sinceBest >= patience) this.finished = 'early-stopping';
    return isBest;
  }

  private async restoreBest(): Promise<void> {
    const { model, checkpoints } = this.parts;
    const file = checkpoints.bestFile;
    if (file !== null) await loadWeights(model, checkpoints.store.source(file));
  }

  // — Checkpoints —

  private isCheckpointDue(): boolean {
    const { settings, writesCheckpoints, mirrors } = this.parts;
    if (!(writesCheckpoints || mirrors) || this.step === 0 || this.checkpointAt === this.step) return false;
    const isMilestone = this.stepInEpoch === this.stepsPerEpoch || this.evaluatedAt === this.step;
    return isMilestone || this.step % settings.checkpointEvery === 0;
  }

  private async writeCheckpoint(): Promise<void> {
    const { model, settings, checkpoints, writesCheckpoints, callback } = this.parts;
    await this.readLosses();
    const bad = await firstBadParameter(model);
    if (bad !== null) throw this.nonFinite(this.step, this.losses.at(-1) ?? Number.NaN, 'parameter', bad);
    const optimizer = settings.optimizer.stateDict();
    const tensors = { model: model.stateDict(), optimizer: optimizer.tensors };
    const path = await checkpoints.write(this.state(optimizer), tensors);
    this.checkpointAt = this.step;
    if (writesCheckpoints) await callback.onCheckpoint({ step: this.step, path });
  }

  private state({ step, groups, updates }: RunState['optimizer']): RunState {
    return {
      version: 1,
      identity: this.parts.identity,
      variant: variantOf(backendInfo()),
      step: this.step,
      epoch: this.epoch,
      stepInEpoch: this.stepInEpoch,
      evaluatedAt: this.evaluatedAt,
      sinceBest: this.sinceBest,
      finished: this.finished,
      random: defaultGenerator().state(),
      generators: this.generators.map((one) => one.state()),
      schedule: this.parts.settings.schedule?.state() ?? null,
      optimizer: { step, groups, updates },
      best: this.best,
      losses: this.losses,
      evaluations: this.evaluations,
      seconds: this.seconds,
      samples: this.samples,
      tokens: this.tokens,
    };
  }

  /** Says what is left of a run whose device is gone. */
  private lost(cause: unknown): RunLost {
    return new RunLost(this.step + 1, Math.max(this.checkpointAt, 0), this.parts.target, { cause });
  }

  // — Report —

  private async report(stoppedBy: StoppedBy, resumedFrom: string | null): Promise<TrainingReport> {
    const { model, task, data, settings, checkpoints, writesCheckpoints } = this.parts;
    const isStopped = (): boolean => settings.signal?.aborted === true;
    const isDue = stoppedBy !== 'signal' && data.test !== null;
    const test = isDue ? await evaluateItems(model, task, data.test ?? [], settings.batchSize, isStopped) : null;
    return {
      // A test that was stopped is still due, and all of a run that is gone on with.
      stoppedBy: isDue && test === null ? 'signal' : stoppedBy,
      steps: this.step,
      epochs: this.epochsDone,
      losses: this.losses,
      evaluations: this.evaluations,
      best: this.best,
      test,
      seed: settings.seed,
      trainSeconds: this.seconds,
      samplesPerSecond: this.seconds === 0 ? 0 : this.samples / this.seconds,
      tokensPerSecond: this.seconds === 0 ? 0 : this.tokens / this.seconds,
      peakBytes: memory().peakBytes,
      checkpoint: writesCheckpoints ? checkpoints.latest : null,
      resumedFrom,
    };
  }
}

/** Whether a lost device is what an error comes from. */
function isDeviceLost(error: unknown): boolean {
  return (
    error instanceof DeviceLost || (error instanceof Error && error.cause !== undefined && isDeviceLost(error.cause))
  );
}
