// What changesets do to versions and peer ranges, tried on a copy of the manifests.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyManifests, type PackageName, packageNames, runTool } from './workspace';

let copy: string;

beforeAll(async () => {
  copy = mkdtempSync(join(tmpdir(), 'heddle-releases-'));
  copyManifests(copy);
  await release();
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Turns the waiting changesets into versions and tells each package's. */
async function release(): Promise<Record<PackageName, string>> {
  await runTool('@changesets/cli/bin.js', ['version'], copy);
  const versions = packageNames.map((name) => {
    const manifest = JSON.parse(readFileSync(join(copy, 'packages', name, 'package.json'), 'utf8')) as {
      version: string;
    };
    return [name, manifest.version];
  });
  return Object.fromEntries(versions) as Record<PackageName, string>;
}

function change(name: PackageName, kind: 'minor' | 'major'): void {
  writeFileSync(join(copy, '.changeset/change.md'), `---\n"@heddle/${name}": ${kind}\n---\n\nA change.\n`);
}

describe.sequential('a release', () => {
  let before: Record<PackageName, string>;

  beforeAll(async () => {
    before = await release();
  });

  test('of a compatible tensor leaves those that have it as a peer alone', async () => {
    change('tensor', 'minor');
    const after = await release();
    expect(after).toEqual({ ...before, tensor: raised(before.tensor, 1) });
    before = after;
  });

  test('of an incompatible tensor raises every package that has it as a peer, and no other', async () => {
    change('tensor', 'major');
    const after = await release();
    const raisedOnes = packageNames.filter((name) => after[name] !== before[name]);
    expect(raisedOnes).toEqual(['tensor', 'attention', 'classifier', 'trainer']);
    for (const name of raisedOnes) expect(after[name]).toBe(raised(before[name], 0));
  });
});

/** The version after a minor (place 1) or a major (place 0) change. */
function raised(version: string, place: 0 | 1): string {
  const [major, minor] = version.split('.').map(Number);
  return place === 0 ? `${major + 1}.0.0` : `${major}.${minor + 1}.0`;
}
