// The GPU for a user of Node: the packed tensor package with its optional peers, installed by npm into an empty project.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { run } from './workspace';

// Dawn has an adapter where Debian's Chromium brings a software driver.
const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const LOADERS = ['/usr/lib/x86_64-linux-gnu/libvulkan.so.1', '/usr/lib/aarch64-linux-gnu/libvulkan.so.1'];
const hasDriver = existsSync(DRIVER) && LOADERS.some((file) => existsSync(file));
if (!hasDriver) console.log('the GPU from packed tarballs: skipped: apt-get install chromium libvulkan1');

const PROGRAM = `
import { init, tensor } from '@heddle/tensor';
try {
  const { gpu } = await init({ backend: 'gpu' });
  const y = await tensor([1, 2, 3]).mul(2).data();
  console.log(JSON.stringify({ mode: gpu.mode, gpujs: gpu.gpujs, y: [...y] }));
} catch (error) {
  console.log(JSON.stringify({ error: error.name, message: error.message }));
}
`;

describe.skipIf(!hasDriver).sequential('the GPU in a fresh project', () => {
  const { tensor } = inject('tarballs');
  let project: string;

  beforeAll(() => {
    process.env['VK_ICD_FILENAMES'] ??= DRIVER;
    project = mkdtempSync(join(tmpdir(), 'heddle-gpu-'));
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'fresh', private: true, type: 'module' }));
    writeFileSync(join(project, 'program.js'), PROGRAM);
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  const install = (...packages: readonly string[]): Promise<string> =>
    run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...packages], project);
  const program = async (): Promise<unknown> => JSON.parse(await run(process.execPath, ['program.js'], project));

  test('says what to install where the peers are missing', async () => {
    await install(tensor);
    expect(await program()).toMatchObject({ error: 'BackendError', message: expect.stringContaining('webgpu@0.6.2') });
    await install('webgpu@0.6.2');
    expect(await program()).toMatchObject({ error: 'BackendError', message: expect.stringContaining('gpu.js@2.24.1') });
  });

  test('runs on the Dawn that tensor asks for, not on the one that gpu.js asks for', async () => {
    await install('gpu.js@2.24.1');
    expect(await program()).toEqual({ mode: 'webgpu', gpujs: '2.24.1', y: [2, 4, 6] });
    const version = (path: string): string =>
      JSON.parse(readFileSync(join(project, path, 'package.json'), 'utf8')).version;
    expect(version('node_modules/webgpu')).toBe('0.6.2');
    expect(version('node_modules/gpu.js')).toBe('2.24.1');
  });
});
