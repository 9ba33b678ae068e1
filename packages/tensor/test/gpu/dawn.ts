// Dawn in Node over the software driver that Debian's Chromium brings: no GPU needed, nothing about speed to learn.
// HEDDLE_TEST_GPU=hardware runs the same tests on the machine's own GPU instead, and fails where there is none.
import { existsSync } from 'node:fs';

/** Whether the tests are to run on a real GPU. */
export const onHardware = process.env['HEDDLE_TEST_GPU'] === 'hardware';

const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const LOADERS = ['/usr/lib/x86_64-linux-gnu/libvulkan.so.1', '/usr/lib/aarch64-linux-gnu/libvulkan.so.1'];

/** Why Dawn has no adapter here, or null where it has one. */
export const missing: string | null =
  onHardware || (existsSync(DRIVER) && LOADERS.some((file) => existsSync(file)))
    ? null
    : 'skipped: no software Vulkan driver here: apt-get install chromium libvulkan1';

if (missing === null && !onHardware) process.env['VK_ICD_FILENAMES'] ??= DRIVER;
if (missing !== null) console.log(`gpu tests on Dawn: ${missing}`);
