// What the workspace holds, and how its tests run a program. No assertion is made here.
import { spawn } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const root = join(import.meta.dirname, '../../..');

/** The packages that are published, each after those that it needs. */
export const packageNames = ['tensor', 'tokenizer', 'attention', 'classifier', 'trainer'] as const;
export type PackageName = (typeof packageNames)[number];

export interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export const folderOf = (name: PackageName): string => join(root, 'packages', name);

export function manifestOf(name: PackageName): Manifest {
  return JSON.parse(readFileSync(join(folderOf(name), 'package.json'), 'utf8')) as Manifest;
}

/** The files that `exports` names, by import specifier: `@heddle/tensor/nn` → `…/dist/nn.js`. */
export function entriesOf(name: PackageName): Map<string, string> {
  const entries = new Map<string, string>();
  for (const [subpath, target] of Object.entries(manifestOf(name).exports)) {
    if (typeof target === 'string') continue;
    entries.set(join(`@heddle/${name}`, subpath), join(folderOf(name), target.default));
  }
  return entries;
}

/** Runs a program to its end and returns what it printed; throws with all of that when it fails. */
export function run(command: string, args: readonly string[], cwd: string = root): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${args.join(' ')} exited with ${code}:\n${output}`));
    });
  });
}

/** Runs a program that the workspace's tests depend on, by its file in node_modules. */
export function runTool(file: string, args: readonly string[], cwd: string = root): Promise<string> {
  return run(process.execPath, [join(root, 'node_modules', file), ...args], cwd);
}

/** The very pnpm that started the tests where there is one, else the one that npx gets. */
export function pnpm(args: readonly string[], cwd: string): Promise<string> {
  const path = process.env['npm_execpath'] ?? '';
  if (/pnpm[^/\\]*\.[cm]?js$/.test(path)) return run(process.execPath, [path, ...args], cwd);
  if (/pnpm/.test(path)) return run(path, args, cwd);
  return run('npx', ['-y', 'pnpm@12', ...args], cwd);
}

/** Copies what pnpm and changesets read of the workspace: manifests, lockfile, configuration, no sources. */
export function copyManifests(target: string): void {
  const files = /^(package\.json|pnpm-[\w-]+\.yaml|turbo\.json|\.changeset(\/.*)?|tools\/run\.mjs)$/;
  const members = /^(packages|apps|tools)(\/[\w-]+(\/package\.json)?)?$/;
  cpSync(root, target, {
    recursive: true,
    filter: (source) => {
      const path = relative(root, source).replaceAll('\\', '/');
      return path === '' || files.test(path) || members.test(path);
    },
  });
}
