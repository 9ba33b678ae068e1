// A GPU that goes away in the midst of training: what the trainer keeps, what it says, and that going on from there ends
// where an undisturbed run ends. Dawn over a software driver plays the GPU.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceLost, init } from '@heddle/tensor';
import { AdamW } from '@heddle/tensor/optim';
import { afterAll, describe, expect, it } from 'vitest';
import { RunLost, Trainer, type TrainingReport } from '../src/index.js';
import { Toy, toyRows } from './toy.js';

const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const LOADERS = ['/usr/lib/x86_64-linux-gnu/libvulkan.so.1', '/usr/lib/aarch64-linux-gnu/libvulkan.so.1'];
const hasDriver = existsSync(DRIVER) && LOADERS.some((file) => existsSync(file));
if (hasDriver) process.env['VK_ICD_FILENAMES'] ??= DRIVER;
else console.log('a lost GPU in training: skipped: apt-get install chromium libvulkan1');

interface GpuJs {
  readonly WebGPUContext: { acquire(): Promise<{ readonly device: { destroy(): void } }> };
}

/** The gpu.js that tensor uses. */
function gpuJs(): GpuJs {
  const require = createRequire(import.meta.url);
  return createRequire(require.resolve('@heddle/tensor/package.json'))('gpu.js');
}

const GPU = { backend: 'gpu', gpu: { mode: 'webgpu' }, seed: 3 } as const;

interface Settings {
  readonly checkpoints?: string | Map<string, Uint8Array>;
  readonly resume?: boolean;
  /** The step after which the device goes away. */
  readonly loseAfter?: number;
}

function fit({ loseAfter, ...settings }: Settings): Promise<TrainingReport> {
  const model = new Toy();
  const trainer = new Trainer(model, {
    ...settings,
    train: toyRows(96, 1),
    optimizer: new AdamW(model.parameters(), { lr: 0.01 }),
    batchSize: 16,
    epochs: 3,
    checkpointEvery: 4,
    logEvery: 1,
    progress: 'none',
    callbacks: [
      {
        onStep: async ({ step }) => {
          if (step === loseAfter) (await gpuJs().WebGPUContext.acquire()).device.destroy();
        },
      },
    ],
  });
  return trainer.fit();
}

async function lostRun(settings: Settings): Promise<RunLost> {
  const error: unknown = await fit(settings).catch((thrown: unknown) => thrown);
  if (!(error instanceof RunLost)) throw new Error('the run went on', { cause: error });
  return error;
}

describe.skipIf(!hasDriver)('a lost GPU', () => {
  afterAll(() => init({ backend: 'reference' }));

  it('leaves the last checkpoint in memory where none were asked for, from which a new run goes on', async () => {
    await init(GPU);
    const { losses, checkpoint } = await fit({});
    // Nobody asked for checkpoints: the copy in memory is no business of the report.
    expect(checkpoint).toBeNull();
    // Seeds the generator anew.
    await init(GPU);
    const error = await lostRun({ loseAfter: 10 });
    expect(error).toMatchObject({ savedStep: 8, cause: expect.any(DeviceLost) });
    expect(error.step).toBeGreaterThan(10);
    expect(error.message).toMatch(/step 8 is kept: await init\(\).*resume: true/);
    await init(GPU);
    const resumed = await fit({ checkpoints: error.checkpoints, resume: true });
    expect(resumed.resumedFrom).toContain('00000008');
    expect(resumed.losses).toHaveLength(18);
    resumed.losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(losses[i], 4);
    });
  });

  it('names the folder of the checkpoints where there is one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heddle-lost-'));
    try {
      await init(GPU);
      const error = await lostRun({ checkpoints: folder, loseAfter: 5 });
      expect(error).toMatchObject({ savedStep: 4, checkpoints: folder });
      expect(error.message).toContain(folder);
      // On another backend as well.
      await init({ seed: 3 });
      const { steps } = await fit({ checkpoints: folder, resume: true });
      expect(steps).toBe(18);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('says so where there is no checkpoint yet', async () => {
    await init(GPU);
    const error = await lostRun({ loseAfter: 2 });
    expect(error.savedStep).toBe(0);
    expect(error.message).toContain('before the first checkpoint');
  });
});
