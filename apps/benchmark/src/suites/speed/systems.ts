// Who is measured, and how each is started: in a process of its own, with the Node that suits it. Peers are not
// dependencies: they are looked for in the folder HEDDLE_PEERS (or this app), and skipped with a line where they aren't.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

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

const ALL = ['infer', 'infer1', 'train'];
const HINT = 'npm install it in a folder and set HEDDLE_PEERS to that folder';

/** Modes of a workload: bert is for inference only. */
export function modesOf(workload: string): readonly string[] {
  return workload === 'bert' ? ['infer', 'infer1'] : ALL;
}

// The decoder has a causal mask and another loss, which only Heddle's and PyTorch's processes write.
const classifiers = (modes: readonly string[]) => (workload: string) =>
  workload === 'decoder' ? [] : modesOf(workload).filter((mode) => modes.includes(mode));

/** Looks at what is installed. `peers` is the folder of the peers' scripts. */
export function lineup(peers: string, threads: number): Lineup {
  const home = process.env['HEDDLE_PEERS'] ?? process.cwd();
  const systems: System[] = [];
  const skipped: string[] = [];
  const script = (name: string): string => join(peers, name);
  const node24 = findNode24();
  if (node24 === null) skipped.push('Node 24: `npx -y node@24` gave none, so its settings are left out');

  const heddle = (setting: string, node: string, count: number, blas: string): System => ({
    system: 'heddle',
    setting,
    file: node,
    args: [script('heddle.mjs'), '--threads', String(count), '--blas', blas],
    env: { OPENBLAS_CORETYPE: undefined },
    cwd: peers,
    modes: modesOf,
  });
  systems.push(heddle(`Node ${process.versions.node}, ${threads} threads`, process.execPath, threads, 'off'));
  systems.push(heddle(`Node ${process.versions.node}, 1 thread`, process.execPath, 1, 'off'));
  if (node24 !== null) systems.push(heddle(`Node 24, ${threads} threads`, node24, threads, 'off'));
  systems.push(heddle(`BLAS, ${threads} threads`, process.execPath, threads, 'auto'));

  const peer = (
    name: string,
    packages: readonly string[],
    make: () => Pick<System, 'setting' | 'file' | 'args' | 'modes'>,
  ): void => {
    const missing = packages.filter((id) => !installed(home, id));
    if (missing.length > 0) skipped.push(`${name}: ${missing.join(' and ')} not found (${HINT})`);
    else systems.push({ system: name, env: {}, cwd: home, ...make() });
  };
  peer('tfjs', ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'], () => ({
    setting: '1 thread (all that it has in Node), trains from dense input',
    file: process.execPath,
    args: [script('tfjs.mjs')],
    modes: classifiers(ALL),
  }));
  if (node24 === null) skipped.push('jax-js: needs Node 22 or later');
  else {
    peer('jax-js', ['@jax-js/jax'], () => ({
      setting: `Node 24, ${threads} threads`,
      file: node24,
      args: [script('jax.mjs'), '--threads', String(threads)],
      modes: classifiers(ALL),
    }));
  }
  for (const kind of ['web', 'node']) {
    peer(`onnxruntime-${kind}`, [`onnxruntime-${kind}`], () => ({
      setting: `${threads} threads`,
      file: process.execPath,
      args: [script('ort.mjs'), '--package', kind, '--threads', String(threads)],
      modes: classifiers(['infer', 'infer1']),
    }));
  }
  const python = findTorch();
  if (python === null) skipped.push('pytorch: no python3 with torch (apt install python3-torch, or pip install torch)');
  else {
    // Never both at once: PyTorch's and OpenBLAS's threads then fight, and it is slower than on one thread.
    for (const [omp, blas] of [
      [1, 1],
      [threads, 1],
      [1, threads],
    ]) {
      systems.push({
        system: 'pytorch',
        setting: `OMP ${omp}, OpenBLAS ${blas}`,
        file: python,
        args: [script('torch_speed.py'), '--threads', String(omp)],
        env: { OMP_NUM_THREADS: String(omp), OPENBLAS_NUM_THREADS: String(blas), OPENBLAS_CORETYPE: undefined },
        cwd: peers,
        modes: modesOf,
      });
    }
  }
  return { systems, skipped };
}

function installed(folder: string, id: string): boolean {
  try {
    createRequire(join(folder, '/')).resolve(id);
    return true;
  } catch {
    return existsSync(join(folder, 'node_modules', id));
  }
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

function findTorch(): string | null {
  for (const python of ['/usr/bin/python3', 'python3']) {
    if (spawnSync(python, ['-c', 'import torch, numpy'], { timeout: 60_000 }).status === 0) return python;
  }
  return null;
}

/** The systems of the kernels suite. */
export function kernelLineup(peers: string, threads: number): Lineup {
  const { systems, skipped } = lineup(peers, threads);
  const scripts: Readonly<Record<string, string>> = { heddle: 'heddle', tfjs: 'tfjs', 'jax-js': 'jax' };
  const kernels = systems.flatMap((system): System[] => {
    const modes = (): readonly string[] => ['kernel'];
    if (system.system === 'pytorch') {
      const args = [join(peers, 'torch_kernels.py'), ...system.args.slice(1)];
      return [{ ...system, args, modes }];
    }
    const name = scripts[system.system];
    if (name === undefined) return [];
    const args = [join(peers, 'kernels.mjs'), '--system', name, ...system.args.slice(1)];
    return [{ ...system, args, modes }];
  });
  return { systems: kernels, skipped };
}
