// Heddle beside its peers on the same encoder classifiers: training steps and inference, alternated in one run.
import { named } from '../options.js';
import { gpuLineup } from './gpu/lineup.js';
import { peersFolder } from './speed/folders.js';
import { clockOf, measure } from './speed/measure.js';
import { lineup } from './speed/systems.js';
import type { SuiteContext, SuiteResult } from './suite.js';

const WORKLOADS = ['tiny', 'small', 'base', 'decoder', 'bert', 'gpt2', 'cold', 'load'];
// A processor that plays a GPU takes minutes for more: --loads names them where there is a GPU.
const GPU_WORKLOADS = ['tiny', 'small', 'base'];

export async function run(context: SuiteContext): Promise<SuiteResult> {
  const { flags, own } = context;
  const isGpu = flags.backend === 'gpu';
  const usual = isGpu ? GPU_WORKLOADS : WORKLOADS;
  const workloads = named('--loads', own['loads'], flags.quick ? ['tiny'] : usual, WORKLOADS);
  const found = isGpu ? gpuLineup(peersFolder()) : lineup(peersFolder(), flags.threads ?? 2);
  const names = [...new Set(found.systems.map(({ system }) => system))];
  const systems = named('--systems', own['systems'], names, names);
  return measure(
    {
      suite: isGpu ? 'gpu-speed' : 'speed',
      lineup: { skipped: found.skipped, systems: found.systems.filter(({ system }) => systems.includes(system)) },
      workloads,
      rounds: Number(own['rounds'] ?? (flags.quick ? 1 : 5)),
      seconds: flags.quick ? 0.3 : 1,
      clock: clockOf(own['clock']),
      record: own['record'] === true,
    },
    context,
  );
}
