// The launcher behind the root scripts `bench` and `test`: checks Node, installs and builds what is
// stale, then hands over to the program. It needs nothing installed, so it is plain JavaScript
// without dependencies. What it runs lives in apps/benchmark and in vitest.config.ts.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const oldestNode = [20, 19];

/** Programs by script name: the arguments to `node`, which the user's own follow. */
const programs = {
  bench: ['apps/benchmark/dist/cli.js'],
  test: ['node_modules/vitest/vitest.mjs', 'run'],
};

/** Causes that one sentence explains better than a log. The first that matches the output wins. */
const causes = [
  [/ENOSPC|no space left/i, 'the disk is full: free some space and run the command again.'],
  [/EACCES|EROFS|EPERM/, 'this folder cannot be written to: clone Heddle somewhere you own.'],
  [
    /OUTDATED_LOCKFILE/,
    'pnpm-lock.yaml does not fit the package.json files: run `npx -y pnpm@12 install` and commit it.',
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|SOCKET_TIMEOUT|META_FETCH_FAIL|ERR_PNPM_FETCH|error sending request/,
    'the npm registry cannot be reached: check the network or the proxy, then run the command again.',
  ],
];

function stop(sentence, log = '') {
  if (log.trim()) process.stderr.write(`${log.trim()}\n\n`);
  process.stderr.write(`heddle: ${sentence}\n`);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
    stop(`Node ${oldestNode.join('.')} or newer is needed, and this is ${process.versions.node}.`);
  }
}

/** Runs quietly; the log is shown only when it fails and no known cause explains it. */
function quietly(command, args, explain) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, CI: 'true', TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
  });
  if (status === 0) return;
  const log = `${stdout ?? ''}${stderr ?? ''}${error ?? ''}`;
  const known = causes.find(([pattern]) => pattern.test(log));
  if (known) stop(known[1]);
  stop(explain(log), log.split('\n').slice(-60).join('\n'));
}

/** Runs pnpm: the very one that started this script, or the one that npx gets. */
function pnpm(args, explain) {
  const path = process.env.npm_execpath ?? '';
  if (/pnpm[^/\\]*\.[cm]?js$/.test(path)) quietly(process.execPath, [path, ...args], explain);
  else if (/pnpm/.test(path)) quietly(path, args, explain);
  else quietly('npx', ['-y', 'pnpm@12', ...args], explain);
}

/** What an install depends on: the lockfile and every manifest of the workspace. */
function manifestHash() {
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml'];
  for (const group of ['packages', 'apps', 'tools']) {
    for (const name of readdirSync(join(root, group)).sort()) files.push(`${group}/${name}/package.json`);
  }
  const hash = createHash('sha256');
  for (const file of files) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

function install() {
  const stamp = join(root, 'node_modules', '.heddle-install');
  const hash = manifestHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  process.stderr.write('heddle: installing dependencies …\n');
  const failed = () => 'the installation failed; pnpm says why above.';
  pnpm(['install', '--frozen-lockfile', '--prefer-offline'], failed);
  writeFileSync(stamp, hash);
}

/** Turbo rebuilds what changed since the last time and nothing else. It wants pnpm on the path. */
function build() {
  if (!existsSync(join(root, programs.bench[0]))) process.stderr.write('heddle: building the packages …\n');
  pnpm(['exec', 'turbo', 'run', 'build', '--output-logs=errors-only', '--no-color'], (log) => {
    const failed = /^\s*(?:Failed:|ERROR)\s+(@?[\w/.-]+)#build/m.exec(log) ?? /(@heddle\/[\w-]+)[:#]build/.exec(log);
    return `the build of ${failed ? failed[1] : 'a package'} failed; its compiler says why above.`;
  });
}

/**
 * Ctrl-C reaches a process group as a whole, and npm and pnpm pass it on besides. The program runs
 * in a group of its own and gets each interrupt once: it saves on the first and gives up on the next.
 */
function handOver(args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', detached: process.platform !== 'win32' });
  let last = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (Date.now() - last > 1000) child.kill(signal);
      last = Date.now();
    });
  }
  child.on('error', (error) => stop(`${args[0]} did not start: ${error.message}.`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

const [name, ...args] = process.argv.slice(2);
if (!(name in programs)) stop(`run.mjs takes one of: ${Object.keys(programs).join(', ')}.`);
checkNode();
install();
build();
handOver([...programs[name], ...args]);
