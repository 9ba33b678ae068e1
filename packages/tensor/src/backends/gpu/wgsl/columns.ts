// Sums down the columns of a matrix: gradients of weights and biases, in two dispatches.
import type { GpuBuffer } from '../buffer';
import type { Matrix } from '../fused/rows';
import type { Dense } from '../view';
import type { WebGpuDevice } from '../webgpu-device';
import { groupsFor, LANES, perElement } from './snippets';

/** Rows that one thread adds up. */
const CHUNK = 64;

/** Σ g, and Σ g (x − mean) rstd where normalised rows are given: each as long as a row. */
export function sumColumnsOf(
  device: WebGpuDevice,
  { rows, width }: Matrix,
  g: Dense,
  normal: { readonly x: Dense; readonly stats: GpuBuffer } | null,
): { readonly plain: GpuBuffer; readonly scaled: GpuBuffer | null } {
  const chunks = Math.max(Math.ceil(rows / CHUNK), 1);
  const size = chunks * width;
  const outputs = ['plain', ...(normal === null ? [] : ['scaled'])];
  const partial = Object.fromEntries(outputs.map((name) => [name, device.allocate(size)]));
  if (width > 0) {
    device.compute({
      key: `sum columns ${normal !== null}`,
      source: () =>
        perElement(`
  let column = i % p.width;
  let first = i / p.width * ${CHUNK}u;
  var a = 0.0;
  var b = 0.0;
  for (var row = first; row < min(first + ${CHUNK}u, p.rows); row++) {
    let d = g[p.gAt + row * p.width + column];
    a += d;
    ${normal === null ? '' : 'b += d * (x[p.xAt + row * p.width + column] - stats[row * 2u]) * stats[row * 2u + 1u];'}
  }
  plain[i] = a;
  ${normal === null ? '' : 'scaled[i] = b;'}`),
      params: {
        size,
        rows,
        width,
        gAt: g.offset,
        ...(normal === null ? {} : { xAt: normal.x.offset }),
      },
      reads: { g: g.buffer, ...(normal === null ? {} : { x: normal.x.buffer, stats: normal.stats }) },
      writes: partial,
      groups: groupsFor(Math.ceil(size / LANES)),
    });
  }
  if (chunks === 1) return { plain: partial['plain'], scaled: partial['scaled'] ?? null };
  const total = Object.fromEntries(outputs.map((name) => [name, device.allocate(width)]));
  device.compute({
    key: `add chunks ${outputs.length}`,
    source: () =>
      perElement(`
  ${outputs.map((name) => `var ${name}Sum = 0.0;`).join(' ')}
  for (var chunk = 0u; chunk < p.chunks; chunk++) {
    ${outputs.map((name) => `${name}Sum += ${name}Part[chunk * p.size + i];`).join(' ')}
  }
  ${outputs.map((name) => `${name}[i] = ${name}Sum;`).join(' ')}`),
    params: { size: width, chunks },
    reads: Object.fromEntries(outputs.map((name) => [`${name}Part`, partial[name]])),
    writes: total,
    groups: groupsFor(Math.ceil(width / LANES)),
  });
  for (const name of outputs) device.free(partial[name]);
  return { plain: total['plain'], scaled: total['scaled'] ?? null };
}
