// A real process, killed and interrupted at real moments. It runs the built packages.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, 'programs/train.mjs');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-'));
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly errors: string;
}

/** Starts the program; `onStep` hears of each step. */
function start(
  checkpoints: string,
  {
    pause = 0,
    onStep = () => undefined,
  }: { pause?: number; onStep?: (step: number, child: ChildProcess) => void } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [program, join(folder, checkpoints), String(pause), join(folder, 'weights')]);
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  child.stdout.on('data', (data) => {
    for (const [, step] of String(data).matchAll(/step (\d+)/g)) onStep(Number(step), child);
  });
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, errors })));
}

const weights = (): Promise<Buffer> => readFile(join(folder, 'weights'));

describe('a process', () => {
  it('that is killed again and again, wherever it is, ends with the same bytes', async () => {
    expect(await start('whole')).toMatchObject({ code: 0 });
    const expected = await weights();
    for (const at of [4, 9, 27, 51]) {
      const killed = await start('killed', {
        pause: 3,
        onStep: (step, child) => {
          if (step >= at) child.kill('SIGKILL');
        },
      });
      expect(killed.signal).toBe('SIGKILL');
    }
    const last = await start('killed');
    expect(last.errors).toMatch(/going on from .*step-000000(4|5)\d after step/);
    expect(await weights()).toEqual(expected);
    const left = await readdir(join(folder, 'killed'));
    expect(left.filter((name) => name.startsWith('step-'))).toHaveLength(2);
  });

  it('that gets Ctrl-C saves, says how to go on, and ends with 130', async () => {
    await start('whole');
    const expected = await weights();
    const stopped = await start('stopped', {
      pause: 5,
      onStep: (step, child) => {
        if (step === 10) child.kill('SIGINT');
      },
    });
    expect(stopped.code).toBe(130);
    const [, saved] = /stopped after step \d+ .*: saved (\S+); go on with resume: true/.exec(stopped.errors) ?? [];
    expect(await readdir(saved)).toContain('model.safetensors');
    expect(await start('stopped')).toMatchObject({ code: 0 });
    expect(await weights()).toEqual(expected);
  });
});
