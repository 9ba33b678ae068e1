// Packs every package once for all files of these tests, as `pnpm publish` would.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { folderOf, type PackageName, packageNames, pnpm } from './workspace';

declare module 'vitest' {
  interface ProvidedContext {
    /** The tarball of each package. */
    readonly tarballs: Readonly<Record<PackageName, string>>;
  }
}

export default async function pack(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-tarballs-'));
  const tarballs: Record<string, string> = {};
  for (const name of packageNames) {
    await pnpm(['pack', '--pack-destination', folder], folderOf(name));
    const file = readdirSync(folder).find((f) => f.startsWith(`heddle-${name}-`));
    if (file === undefined) throw new Error(`pnpm pack left no tarball of ${name}`);
    tarballs[name] = join(folder, file);
  }
  project.provide('tarballs', tarballs as Record<PackageName, string>);
  return () => rmSync(folder, { recursive: true, force: true });
}
