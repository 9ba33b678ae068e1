// Single kernels, of Heddle and of the peers that have them, alternated in one run.
import { gpuKernelLineup } from './gpu/lineup.js';
import { peersFolder } from './speed/folders.js';
import { clockOf, measure } from './speed/measure.js';
import { kernelLineup } from './speed/systems.js';
import type { SuiteContext, SuiteResult } from './suite.js';

export async function run(context: SuiteContext): Promise<SuiteResult> {
  const { flags, own } = context;
  const isGpu = flags.backend === 'gpu';
  return measure(
    {
      suite: isGpu ? 'gpu-kernels' : 'kernels',
      lineup: isGpu ? gpuKernelLineup(peersFolder()) : kernelLineup(peersFolder(), flags.threads ?? 2),
      workloads: flags.quick ? ['quick'] : ['all'],
      rounds: Number(own['rounds'] ?? (flags.quick ? 1 : 3)),
      seconds: flags.quick ? 0.05 : 0.3,
      clock: clockOf(own['clock']),
      record: own['record'] === true,
    },
    context,
  );
}
