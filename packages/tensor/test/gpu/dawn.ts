// Dawn in Node over the software driver that Debian's Chromium brings: no GPU needed, nothing about speed to learn.
import { existsSync } from 'node:fs';

const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const LOADERS = ['/usr/lib/x86_64-linux-gnu/libvulkan.so.1', '/usr/lib/aarch64-linux-gnu/libvulkan.so.1'];

/** Why Dawn has no adapter here, or null where it has one. */
export const missing: string | null =
  existsSync(DRIVER) && LOADERS.some((file) => existsSync(file))
    ? null
    : 'skipped: no software Vulkan driver here: apt-get install chromium libvulkan1';

if (missing === null) process.env['VK_ICD_FILENAMES'] ??= DRIVER;
else console.log(`gpu tests on Dawn: ${missing}`);
