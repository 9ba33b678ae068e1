// What loading a checkpoint of half a gigabyte costs, once, in a process that did nothing before: time, and how much more
// memory it took at its peak.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gpt2 } from '@heddle/attention';
import { init } from '@heddle/tensor';
import { flags, now, report } from './shared.mjs';

const { load, threads, int8 } = flags({ int8: { type: 'boolean', default: false } });
const folder = mkdtempSync(join(tmpdir(), 'heddle-load-'));
try {
  const writer = join(import.meta.dirname, 'checkpoint.mjs');
  const { status, stderr } = spawnSync(process.execPath, [writer, '--load', load, '--folder', folder]);
  if (status !== 0) throw new Error(`Error: no checkpoint was written: ${stderr}`);
  await init({ threads });
  const before = process.resourceUsage().maxRSS;
  const start = now();
  const model = await Gpt2.fromPretrained(folder, int8 ? { dtype: 'int8' } : {});
  const time = now() - start;
  const peakBytes = (process.resourceUsage().maxRSS - before) * 1024;
  const { size: bytes } = statSync(join(folder, 'model.safetensors'));
  const numbers = await model.positionEmbedding.table.weight.data();
  report(load, 'load', [time], [...numbers.subarray(0, 8)], { bytes, peakBytes });
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(0);
