// One dispatch over several tensors: each workgroup finds the one that it works on. As many go together as a kernel may
// bind buffers.
/// <reference types="@webgpu/types" />
import type { AnyTensor } from '../../../tensor';
import type { GpuBuffer } from '../buffer';
import { bufferOf } from '../call';
import type { WebGpuDevice } from '../webgpu-device';
import { memoryOf } from '../webgpu-memory';
import type { Parameter } from '../wgsl-shader';
import { ACROSS, groupsFor, LANES } from './snippets';

/** What a parameter block has room for beside the job's own: each tensor takes two numbers and one a name. */
const NUMBERS = 48;

/** A kernel over several tensors. */
export interface Many {
  readonly key: string;
  /** Names of a tensor's companions (the first is the tensor that counts), and whether each is written. */
  readonly names: readonly string[];
  readonly written: readonly string[];
  /**
   * Statements for one workgroup: `i` is the thread's element, below `size` where there is one; `block` the workgroup's
   * number within the tensor, `blocks` how many there are. Tensors are named as above; `at_` before a name is its offset.
   */
  readonly body: (slot: number) => string;
  readonly params?: Readonly<Record<string, Parameter>>;
  /** Buffers that all tensors share. */
  readonly reads?: Readonly<Record<string, GpuBuffer>>;
  readonly writes?: Readonly<Record<string, GpuBuffer>>;
  /** Workgroups of a tensor; one a LANES elements where nothing is said. */
  readonly blocksOf?: (size: number) => number;
  /** Called for each launch with the workgroups before it. */
  readonly at?: (before: number) => Readonly<Record<string, Parameter>>;
}

/** Runs the kernel over all entries; entry n of each list belongs together. */
export function overMany(device: WebGpuDevice, lists: readonly (readonly AnyTensor[])[], job: Many): void {
  const { names, written, reads = {}, writes = {}, blocksOf = (size) => Math.ceil(size / LANES) } = job;
  const shared = Object.keys(reads).length + Object.keys(writes).length;
  const bound = Math.floor((device.bindings - shared) / names.length);
  const together = Math.max(1, Math.min(bound, Math.floor(NUMBERS / (names.length + 2))));
  const entries = lists[0].map((_, n) => lists.map((list) => list[n])).filter(([t]) => t.size > 0);
  let before = 0;
  for (const group of grouped(entries, together)) {
    const buffers = (want: boolean): Record<string, GpuBuffer> =>
      Object.fromEntries(
        group.flatMap((entry, slot) =>
          entry.flatMap((t, k) => (written.includes(names[k]) === want ? [[`${names[k]}${slot}`, bufferOf(t)]] : [])),
        ),
      );
    const blocks = group.map(([t]) => blocksOf(t.size));
    const params: Record<string, Parameter> = { ...job.params, ...job.at?.(before) };
    let total = 0;
    group.forEach((entry, slot) => {
      total += blocks[slot];
      params[`end${slot}`] = total;
      params[`size${slot}`] = entry[0].size;
      entry.forEach((t, k) => {
        params[`at_${names[k]}${slot}`] = t.offset;
      });
    });
    device.compute({
      key: `${job.key} ${group.length}`,
      source: () => sourceOf(group.length, job.body),
      params,
      reads: { ...reads, ...buffers(false) },
      writes: { ...writes, ...buffers(true) },
      groups: groupsFor(total),
    });
    before += total;
  }
}

/** Entries in groups; no memory twice in one, since what is written may not be bound again. */
function grouped(entries: readonly (readonly AnyTensor[])[], most: number): (readonly AnyTensor[])[][] {
  const groups: (readonly AnyTensor[])[][] = [];
  let seen = new Set<GPUBuffer>();
  for (const entry of entries) {
    const buffers = entry.map((t) => memoryOf(bufferOf(t)));
    const last = groups.at(-1);
    if (last === undefined || last.length === most || buffers.some((buffer) => seen.has(buffer))) {
      groups.push([entry]);
      seen = new Set(buffers);
    } else {
      last.push(entry);
      for (const buffer of buffers) seen.add(buffer);
    }
  }
  return groups;
}

function sourceOf(count: number, body: Many['body']): string {
  const cases = Array.from({ length: count }, (_, slot) => {
    const begin = slot === 0 ? '0u' : `p.end${slot - 1}`;
    return `if (n >= ${begin} && n < p.end${slot}) {
    let block = n - ${begin};
    let blocks = p.end${slot} - ${begin};
    let size = p.size${slot};
    let i = block * ${LANES}u + lane;
    ${body(slot)}
  }`;
  });
  return `${ACROSS}
@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let n = id.x + id.y * 32768u;
  ${cases.join('\n  ')}
}`;
}
