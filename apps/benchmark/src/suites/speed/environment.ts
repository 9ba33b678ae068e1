// What the machine is, as a table of times needs it said beside it.
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform } from 'node:os';
import type { SpeedReport } from './schema.js';

const SIMD = ['sse4_2', 'avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni', 'amx_tile', 'asimd'];

/** The environment of a speed report. */
export function describe(ran: Readonly<Record<string, unknown>>): SpeedReport['environment'] {
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    cpuFlags: cpuFlags(),
    platform: `${platform()} ${arch()}`,
    node: process.versions.node,
    loadAverage: loadavg()[0],
    openblasCoretype: process.env['OPENBLAS_CORETYPE'] ?? 'not set',
    ran: { ...ran },
  };
}

function cpuFlags(): string[] {
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    const flags = new Set(line.trim().split(/\s+/));
    return SIMD.filter((flag) => flags.has(flag));
  } catch {
    return [];
  }
}
