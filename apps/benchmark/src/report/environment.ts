// What this machine and this installation are. What the backend says of itself comes from the run.
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import type { Environment } from './schema.js';

const PACKAGES = ['tensor', 'attention', 'tokenizer', 'classifier', 'trainer'];

/** The environment of the report, but for what the backend adds. */
export function describeMachine(): Pick<Environment, 'node' | 'platform' | 'cpu' | 'cores' | 'versions'> {
  const require = createRequire(import.meta.url);
  const versions = PACKAGES.map((name) => {
    const { version } = require(`@heddle/${name}/package.json`) as { version: string };
    return [`@heddle/${name}`, version];
  });
  return {
    node: process.versions.node,
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    versions: Object.fromEntries(versions),
  };
}

/** The most memory that this process has held. */
export function peakMemoryBytes(): number {
  return process.resourceUsage().maxRSS * 1_024;
}
