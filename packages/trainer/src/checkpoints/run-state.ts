// Where a run stands, as checkpoints hold it: every number that the rest of the run depends on, and its history.
import { sha256 } from '@heddle/tensor/io';
import type { ScheduleState } from '@heddle/tensor/optim';
import type { GeneratorState } from '../generators.js';
import type { Metrics } from '../tasks/task.js';

/** One evaluation during a run. */
export interface EvaluationRecord {
  readonly step: number;
  /** Passes over the training rows, whole or in part. */
  readonly epoch: number;
  readonly metrics: Metrics;
}

/** The best evaluation so far. */
export interface Best {
  readonly step: number;
  readonly epoch: number;
  readonly metric: string;
  readonly value: number;
}

/** What has to be the same for a run to go on as if it had never stopped. */
export interface RunIdentity {
  readonly data: string;
  readonly batchSize: number;
  readonly accumulate: number;
  readonly seed: number;
  readonly clip: number | null;
}

/** A file of a checkpoint and its hash. */
export interface HashedFile {
  readonly file: string;
  readonly sha256: string;
}

/** Everything about a run but its tensors. */
export interface RunState {
  readonly version: 1;
  readonly identity: RunIdentity;
  /** The variant of the backend that computed it, as `variantOf` names it. Checkpoints before it was noted have none. */
  readonly variant?: string;
  /** Optimizer steps done. */
  readonly step: number;
  /** Whole passes done, and steps done in the one after. */
  readonly epoch: number;
  readonly stepInEpoch: number;
  /** The step at which the last evaluation took place; -1 before the first. */
  readonly evaluatedAt: number;
  /** Evaluations since the best one. */
  readonly sinceBest: number;
  /** Whether nothing is left to do, and why. */
  readonly finished: 'completed' | 'early-stopping' | null;
  readonly random: GeneratorState;
  /** Of the model's own generators and those named. Checkpoints before they were noted have none. */
  readonly generators?: readonly GeneratorState[];
  readonly schedule: ScheduleState | null;
  readonly optimizer: {
    readonly step: number;
    readonly groups: readonly Readonly<Record<string, number | boolean>>[];
    readonly updates?: Readonly<Record<string, number>> | undefined;
  };
  readonly best: Best | null;
  readonly losses: readonly number[];
  readonly evaluations: readonly EvaluationRecord[];
  /** Work done so far, for the report. */
  readonly seconds: number;
  readonly samples: number;
  readonly tokens: number;
}

/** What `state` holds: the state, the hashes of the files beside it, and of the best weights. */
export interface StateFile {
  readonly state: RunState;
  readonly files: readonly HashedFile[];
  readonly best: HashedFile | null;
}

// JSON has no infinities and no NaN: they are written as text.
const NOT_FINITE: ReadonlyMap<unknown, number> = new Map(
  [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => [`number:${value}`, value]),
);

function encodeNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? `number:${value}` : value;
}

function decodeNumber(_key: string, value: unknown): unknown {
  return NOT_FINITE.get(value) ?? value;
}

/** Text of a state file, with its own hash in front. */
export function encodeStateFile(content: StateFile): string {
  const body = JSON.stringify(content, encodeNumber);
  return `${sha256(body)}\n${body}\n`;
}

/** Reads a state file back; null where it was cut off or changed. */
export function decodeStateFile(bytes: Uint8Array): StateFile | null {
  const [hash, body = ''] = new TextDecoder().decode(bytes).split('\n');
  // The hash vouches that these are the very bytes that encodeStateFile wrote.
  return sha256(body) === hash ? (JSON.parse(body, decodeNumber) as StateFile) : null;
}
