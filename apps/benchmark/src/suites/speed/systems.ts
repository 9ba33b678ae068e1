// Who is measured, and how each is started: in a process of its own, with the Node that suits it. JavaScript's peers are
// development dependencies of this app; Python's is used where there is one, and skipped with a line where there isn't.
import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';

/** One system in one setting. */
export interface System {
  readonly system: string;
  readonly setting: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Modes that it can measure on a workload. */
  readonly modes: (workload: string) => readonly string[];
}

/** The systems that can run here, and a line for each that can't. */
export interface Lineup {
  readonly systems: readonly System[];
  readonly skipped: readonly string[];
}

const INFERENCE = ['infer', 'infer1'];
const ALL = [...INFERENCE, 'train'];
const GENERATION = ['generate'];

/** Modes of a workload: bert is for inference, gpt2 for writing; a cold start and loading are Heddle's own affair. */
export function modesOf(workload: string): readonly string[] {
  if (workload === 'gpt2') return GENERATION;
  if (workload === 'cold' || workload === 'load') return [];
  return workload === 'bert' ? INFERENCE : ALL;
}

// Of each workload's modes, those that a process of the peer measures.
const only = (modes: readonly string[]) => (workload: string) =>
  modesOf(workload).filter((mode) => modes.includes(mode));

// TensorFlow.js and jax-js can't train the decoder: minutes a step, and more than the 4 GiB of wasm's memory.
const noLanguageModels = (workload: string): readonly string[] =>
  only(workload === 'decoder' ? INFERENCE : ALL)(workload);

/** Looks at what is there. `peers` is the folder of the peers' scripts. */
export function lineup(peers: string, threads: number): Lineup {
  const systems: System[] = [];
  const skipped: string[] = [];
  const node20 = process.execPath;
  const node24 = findNode24();
  if (node24 === null) skipped.push('Node 24: `npx -y node@24` gave none, so its settings are left out');

  const add = (
    system: string,
    setting: string,
    file: string,
    [script, ...args]: readonly string[],
    modes: System['modes'],
    env: System['env'] = {},
  ): void => {
    systems.push({ system, setting, file, args: [join(peers, script), ...args], env, cwd: peers, modes });
  };
  const heddle = (setting: string, node: string, count: number, blas: string): void => {
    const args = ['--threads', String(count), '--blas', blas];
    const env = { OPENBLAS_CORETYPE: undefined };
    add('heddle', setting, node, ['heddle.mjs', ...args], only(ALL), env);
    add('heddle', setting, node, ['heddle-generate.mjs', ...args], only(GENERATION), env);
    const cold = (workload: string): readonly string[] => (workload === 'cold' ? ['train'] : []);
    add('heddle', setting, node, ['heddle-cold.mjs', ...args], cold, env);
  };
  const version = `Node ${process.versions.node}`;
  heddle(`${version}, ${threads} threads`, node20, threads, 'off');
  if (threads > 1) heddle(`${version}, 1 thread`, node20, 1, 'off');
  if (node24 !== null) {
    heddle(`Node 24, ${threads} threads`, node24, threads, 'off');
    if (threads > 1) heddle('Node 24, 1 thread', node24, 1, 'off');
  }
  for (const weights of ['int8', 'bfloat16']) {
    const args = ['heddle-generate.mjs', '--threads', String(threads), '--weights', weights];
    add('heddle', `${weights} weights, ${threads} threads`, node24 ?? node20, args, only(GENERATION));
  }
  const loading = (workload: string): readonly string[] => (workload === 'load' ? ['load'] : []);
  add('heddle', `${version}, 1 thread`, node20, ['heddle-load.mjs'], loading);
  add('heddle', `int8 weights, ${version}, 1 thread`, node20, ['heddle-load.mjs', '--int8'], loading);
  heddle(`BLAS, ${version}, ${threads} threads`, node20, threads, 'auto');
  if (threads > 1) heddle(`BLAS, ${version}, 1 thread`, node20, 1, 'auto');
  if (node24 !== null) heddle(`BLAS, Node 24, ${threads} threads`, node24, threads, 'auto');

  const onlyThread = '1 thread (all that it has in Node), trains from dense input';
  add('tfjs', onlyThread, node20, ['tfjs.mjs'], noLanguageModels);
  const node22 = Number(process.versions.node.split('.')[0]) >= 22 ? process.execPath : node24;
  if (node22 === null) skipped.push('jax-js: needs Node 22 or later');
  else add('jax-js', `${threads} threads`, node22, ['jax.mjs', '--threads', String(threads)], noLanguageModels);
  for (const kind of ['web', 'node']) {
    const args = ['--package', kind, '--threads', String(threads)];
    add(`onnxruntime-${kind}`, `${threads} threads`, node20, ['ort.mjs', ...args], only(INFERENCE));
    add(`onnxruntime-${kind}`, `${threads} threads`, node20, ['ort-generate.mjs', ...args], only(GENERATION));
  }
  const transformers = ['transformersjs-generate.mjs', '--threads', String(threads)];
  add('transformers.js', `onnxruntime-node, ${threads} threads`, node20, transformers, only(GENERATION));
  const python = findPython('import torch, numpy');
  if (python === null) skipped.push('pytorch: no python3 with torch (apt install python3-torch, or pip install torch)');
  else {
    // Never both at once: PyTorch's and OpenBLAS's threads then fight, and it is slower than on one thread.
    const settings = [
      [1, 1],
      [threads, 1],
      [1, threads],
    ];
    for (const [omp, blas] of threads > 1 ? settings : settings.slice(0, 1)) {
      const env = { OMP_NUM_THREADS: String(omp), OPENBLAS_NUM_THREADS: String(blas), OPENBLAS_CORETYPE: undefined };
      add(
        'pytorch',
        `OMP ${omp}, OpenBLAS ${blas}`,
        python,
        ['torch_speed.py', '--threads', String(omp)],
        modesOf,
        env,
      );
    }
  }
  return { systems, skipped };
}

function findNode24(): string | null {
  const named = process.env['HEDDLE_NODE24'];
  if (named !== undefined) return named;
  if (process.versions.node.startsWith('24.')) return process.execPath;
  const { stdout, status } = spawnSync('npx', ['-y', 'node@24', '-p', 'process.execPath'], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  return status === 0 ? (stdout.trim().split('\n').at(-1) ?? null) : null;
}

/** A Python in which a statement runs. */
export function findPython(statement: string): string | null {
  for (const python of ['/usr/bin/python3', 'python3']) {
    if (spawnSync(python, ['-c', statement], { timeout: 60_000 }).status === 0) return python;
  }
  return null;
}

/** The systems of the kernels suite. */
export function kernelLineup(peers: string, threads: number): Lineup {
  const { systems, skipped } = lineup(peers, threads);
  const names: Readonly<Record<string, string>> = { 'heddle.mjs': 'heddle', 'tfjs.mjs': 'tfjs', 'jax.mjs': 'jax' };
  const kernels = systems.flatMap((system): System[] => {
    const modes = (): readonly string[] => ['kernel'];
    const [path, ...rest] = system.args;
    if (system.system === 'pytorch') return [{ ...system, args: [join(peers, 'torch_kernels.py'), ...rest], modes }];
    const name = names[basename(path)];
    if (name === undefined) return [];
    return [{ ...system, args: [join(peers, 'kernels.mjs'), '--system', name, ...rest], modes }];
  });
  return { systems: kernels, skipped };
}
