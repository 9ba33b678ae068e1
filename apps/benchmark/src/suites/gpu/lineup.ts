// Who is measured on the GPU: each library in a process of its own that opens the same Chromium. Beside them Heddle in
// Node, and PyTorch where it has CUDA: what a GPU can do without a browser around it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findPython, type Lineup, modesOf, type System } from '../speed/systems.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const MISSING = 'Chromium: apt-get install chromium, or name one in HEDDLE_CHROMIUM';

/** A library in one setting: its program, and the program's flags. */
interface Contender {
  readonly system: string;
  readonly setting: string;
  readonly program: string;
  readonly flags: readonly string[];
}

const HEDDLE = [
  ['webgpu', 'webgpu', 'auto'],
  ['webgpu, gpu.js kernels alone', 'webgpu', 'portable'],
  ['webgl2', 'webgl2', 'portable'],
] as const;

const MODES = ['webgpu', 'webgl2'] as const;

/** What the modes of gpu.js are called in TensorFlow.js. */
const TFJS = { webgpu: 'webgpu', webgl2: 'webgl' } as const;

function lineupOf(peers: string, contenders: readonly Contender[], modes: System['modes']): Lineup {
  const named = process.env['HEDDLE_CHROMIUM'];
  const there = named !== undefined || CHROMIUM.some((file) => existsSync(file));
  if (!there) return { systems: [], skipped: [MISSING] };
  const systems = contenders.map(
    ({ system, setting, program, flags }): System => ({
      system,
      setting,
      file: process.execPath,
      args: [join(peers, 'gpu/run.mjs'), program, ...flags],
      env: {},
      cwd: peers,
      modes,
    }),
  );
  return { systems, skipped: [] };
}

/** The systems of the speed suite on the GPU. */
export function gpuLineup(peers: string): Lineup {
  const heddle = HEDDLE.map(
    ([setting, mode, kernels]): Contender => ({
      system: 'heddle',
      setting,
      program: 'heddle.mjs',
      flags: ['--gpu', mode, '--kernels', kernels],
    }),
  );
  const tfjs = MODES.map(
    (mode): Contender => ({
      system: 'tfjs',
      setting: `${TFJS[mode]}, trains from dense input`,
      program: 'gpu/tfjs.mjs',
      flags: ['--gpu', mode],
    }),
  );
  const jax: Contender = { system: 'jax-js', setting: 'webgpu', program: 'jax.mjs', flags: ['--gpu', 'webgpu'] };
  const modes = (workload: string): readonly string[] => modesOf(workload).filter((mode) => mode !== 'generate');
  const pages = lineupOf(peers, [...heddle, ...tfjs, jax], modes);
  const alone = outside(peers, modes);
  const skipped = [...pages.skipped, ...alone.skipped, 'gpu.js: has no layers to train, see bench kernels'];
  return { systems: [...pages.systems, ...alone.systems], skipped };
}

/** Those that need no browser. */
function outside(peers: string, modes: System['modes']): Lineup {
  const at = (system: string, setting: string, file: string, args: readonly string[]): System => ({
    ...{ system, setting, file, args, modes },
    env: {},
    cwd: peers,
  });
  const node = at('heddle', 'webgpu in Node', process.execPath, [join(peers, 'heddle.mjs'), '--gpu', 'webgpu']);
  const python = findPython('import torch, numpy; assert torch.cuda.is_available()');
  if (python === null) return { systems: [node], skipped: ['pytorch: no python3 with a torch that has CUDA'] };
  return {
    systems: [node, at('pytorch', 'CUDA', python, [join(peers, 'torch_speed.py'), '--device', 'cuda'])],
    skipped: [],
  };
}

/** The systems of the kernels suite on the GPU: gpu.js by itself is one of them. */
export function gpuKernelLineup(peers: string): Lineup {
  const contender = (name: string, system: string, setting: string, ...flags: readonly string[]): Contender => ({
    system,
    setting,
    program: 'gpu/kernels.mjs',
    flags: ['--system', name, ...flags],
  });
  const all = [
    ...HEDDLE.map(([setting, mode, kernels]) =>
      contender('heddle', 'heddle', setting, '--gpu', mode, '--kernels', kernels),
    ),
    ...MODES.map((mode) => contender('gpujs', 'gpu.js', mode, '--gpu', mode)),
    ...MODES.map((mode) => contender('tfjs', 'tfjs', TFJS[mode], '--gpu', mode)),
    contender('jax', 'jax-js', 'webgpu', '--gpu', 'webgpu'),
  ];
  return lineupOf(peers, all, () => ['kernel']);
}
