// What `bench speed` and `bench kernels` leave behind, checked by zod before it is written.
import { z } from 'zod';

/** What of a workload is measured. */
export const mode = z.enum(['train', 'infer', 'infer1', 'generate', 'load', 'kernel']);

const row = z.object({
  workload: z.string(),
  mode,
  system: z.string(),
  setting: z.string(),
  /** Median over the rounds of each process's own median. */
  medianMs: z.number(),
  minMs: z.number(),
  maxMs: z.number(),
  /** Rounds. */
  runs: z.number().int(),
  /** Of the process; of loading, what it took more at its peak than before. */
  peakBytes: z.number(),
  /** Floating-point operations and bytes of a kernel, where its rate says something; bytes of a checkpoint. */
  flops: z.number().optional(),
  bytes: z.number().optional(),
});

/** One system on one workload. */
export type Row = z.infer<typeof row>;

const ratio = z.object({
  workload: z.string(),
  mode: z.string(),
  setting: z.string(),
  peer: z.string(),
  /** The peer's time over Heddle's: above 1 Heddle is faster. */
  ratio: z.number(),
  /** Heddle's peak memory over the peer's: below 1 Heddle needs less. */
  memory: z.number(),
});

/** Heddle beside one peer, or beside itself on one thread. */
export type Ratio = z.infer<typeof ratio>;

/** `reports/speed/latest.json`. */
export const speedReport = z.object({
  version: z.literal(1),
  suite: z.enum(['speed', 'kernels', 'gpu-speed', 'gpu-kernels']),
  createdAt: z.string(),
  /** Of @heddle/tensor. */
  heddle: z.string(),
  command: z.string(),
  quick: z.boolean(),
  clock: z.enum(['wall', 'processor']),
  environment: z.object({
    cpu: z.string(),
    cores: z.number(),
    /** SIMD flags of the processor: times of machines with and without AVX-512 can't be compared. */
    cpuFlags: z.array(z.string()),
    platform: z.string(),
    node: z.string(),
    loadAverage: z.number(),
    openblasCoretype: z.string(),
    /** What each of Heddle's settings says it ran on. */
    ran: z.record(z.string(), z.unknown()),
  }),
  rows: z.array(row),
  ratios: z.array(ratio),
  /** Systems that were left out, and why, in one line each. */
  skipped: z.array(z.string()),
  /** Workloads on which a peer's numbers were not Heddle's. */
  disagreements: z.array(z.string()),
  /** What has to be said beside the figures: that there was no GPU, say. */
  remarks: z.array(z.string()).default([]),
});

/** The whole report. */
export type SpeedReport = z.infer<typeof speedReport>;
