// Kernels that read and write by index. GPUs here have no scatter: what adds by index asks, for every output, which
// inputs belong to it.
import type { Shape } from '../../../shape';
import type { AnyTensor } from '../../../tensor';
import type { Kernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import { bufferOf, Call, type Operand, stridesOf } from '../call';
import type { Device } from '../device';
import { placesOf, requireIds } from '../ids';
import { type Index, sourceOf, threadsOf } from '../threads';
import { denseOf } from '../view';

interface AxisAttrs {
  readonly axis: number;
}

/** A position less a number, of the same kind. */
const minus = (index: Index, by: number): Index =>
  by === 0 ? index : typeof index === 'string' ? `(${index} - ${by})` : { ...index, float: `(${index.float} - ${by})` };

/** NaN where an id that only the device knows points outside. */
const guarded = (id: string, size: number, nan: string): string =>
  `if (${id} < 0 || ${id} > ${size} - 0.5) { return ${nan}; }`;

function gather(device: Device): Kernel<AxisAttrs, GpuBuffer> {
  return ([x, index], out, { axis }) => {
    requireIds('gather', index, x.shape[axis]);
    const threads = threadsOf(device.mode, out.shape);
    const call = new Call(device, 'gather').note(axis, x.shape[axis]);
    // The id is a float: it steps whole rows, which is exact in tables of any size.
    const at = threads.index.map((own, i): Index => (i === axis ? { float: 'id', count: x.shape[axis] } : own));
    const table = call.tensor(x, at);
    const ids = call.tensor(index, threads.index);
    const nan = call.float(Number.NaN);
    return call.run(threads, () => {
      return [
        `const id = ${ids.at(threads.index)};`,
        guarded('id', x.shape[axis], nan),
        `return ${table.at(at)};`,
      ].join('\n');
    });
  };
}

function scatterAdd(device: Device): Kernel<AxisAttrs & { readonly shape: Shape }, GpuBuffer> {
  return ([index, src], out, { axis, shape }) => {
    requireIds('scatterAdd', index, shape[axis]);
    const threads = threadsOf(device.mode, out.shape);
    const call = new Call(device, 'scatterAdd').note(axis, index.shape, shape);
    const at = threads.index.map((own, i): Index => (i === axis ? 'k' : own));
    const [ids, values] = [call.tensor(index, at), call.tensor(src, at)];
    return call.run(threads, () => {
      const inside = threads.index
        .map((own, i) => (i === axis || index.shape[i] === shape[i] ? null : `${sourceOf(own)} < ${index.shape[i]}`))
        .filter((condition) => condition !== null);
      return [
        'let total = 0;',
        `for (let k = 0; k < ${index.shape[axis]}; k++) {`,
        `if (${[...inside, `Math.abs(${ids.at(at)} - ${sourceOf(threads.index[axis])}) < 0.5`].join(' && ')}) {`,
        `total += ${values.at(at)};`,
        '}',
        '}',
        'return total;',
      ].join('\n');
    });
  };
}

/** Rows of a table by ids. */
export function takeRows(device: Device, table: AnyTensor, index: AnyTensor): GpuBuffer {
  const [rows, ...inner] = table.shape;
  requireIds('take', index, rows);
  const width = inner.reduce((a, b) => a * b, 1);
  const [from, ids] = [denseOf(device, table), denseOf(device, index)];
  const threads = threadsOf(device.mode, [index.size, width]);
  const call = new Call(device, 'take').note(rows);
  const [place, column] = threads.index;
  const at = [{ float: 'id', count: rows }, column];
  const x = call.buffer(from.buffer, [width, 1], from.offset, at);
  const i = call.buffer(ids.buffer, [1], ids.offset, [place]);
  const nan = call.float(Number.NaN);
  const out = call.run(threads, () =>
    [`const id = ${i.at([place])};`, guarded('id', rows, nan), `return ${x.at(at)};`].join('\n'),
  );
  from.release();
  ids.release();
  return out;
}

/** Rows of `g` summed by ids, `[rows, width]`; those with the id `skipped` are left out. */
export function addRows(
  device: Device,
  index: AnyTensor,
  g: AnyTensor,
  rows: number,
  width: number,
  skipped: number | null,
): GpuBuffer {
  requireIds('takeGrad', index, rows);
  const places = placesOf(index, rows, skipped);
  const from = denseOf(device, g);
  const threads = threadsOf(device.mode, [rows, width]);
  const [row, column] = threads.index;
  const call = new Call(device, places === null ? 'takeGrad scan' : 'takeGrad');
  const values = call.buffer(from.buffer, [width, 1], from.offset, [{ float: 'place', count: index.size }, column]);
  let out: GpuBuffer;
  if (places === null) {
    const ids = denseOf(device, index);
    const i = call.buffer(ids.buffer, [1], ids.offset);
    const none = call.float(skipped ?? -1);
    out = call.note(index.size).run(threads, () => scan(i, values, index.size, row, column, none));
    ids.release();
  } else {
    const [starts, order] = [device.upload(places.starts), device.upload(places.order)];
    const [s, o] = [
      call.buffer(starts, [1], 0, [row]),
      call.buffer(order, [1], 0, [{ float: 'first', count: index.size }]),
    ];
    // Rounded up, so that batches of one bucket share a kernel.
    const loops = 2 ** Math.ceil(Math.log2(Math.max(index.size, 1)));
    out = call.run(threads, () => gathered(s, o, values, row, column), loops);
    device.free(starts);
    device.free(order);
  }
  from.release();
  return out;
}

function scan(ids: Operand, values: Operand, count: number, row: Index, column: Index, none: string): string {
  return [
    'let total = 0;',
    `if (Math.abs(${sourceOf(row)} - ${none}) < 0.5) { return total; }`,
    `for (let k = 0; k < ${count}; k++) {`,
    `if (Math.abs(${ids.at(['k'])} - ${sourceOf(row)}) < 0.5) { total += ${values.at(['k', column])}; }`,
    '}',
    'return total;',
  ].join('\n');
}

function gathered(starts: Operand, order: Operand, values: Operand, row: Index, column: Index): string {
  const next: Index = typeof row === 'string' ? `${row} + 1` : { ...row, float: `(${row.float} + 1)` };
  return [
    'let total = 0;',
    `const first = ${starts.at([row])};`,
    `const count = ${starts.at([next])} - first;`,
    'for (let k = 0; k < count; k++) {',
    `const place = ${order.at([{ float: 'first + k' }])};`,
    `total += ${values.at([{ float: 'place' }, column])};`,
    '}',
    'return total;',
  ].join('\n');
}

/** Arrays that one kernel takes: WebGPU promises 8 storage buffers, and one is the output. */
const MOST = 6;

function concat(device: Device): Kernel<AxisAttrs, GpuBuffer> {
  return (inputs, out, { axis }) => {
    const parts = inputs.map((x) => ({
      buffer: bufferOf(x),
      strides: x.strides,
      offset: x.offset,
      length: x.shape[axis],
      made: false,
    }));
    while (parts.length > MOST) {
      const first = parts.splice(0, MOST);
      const length = first.reduce((n, part) => n + part.length, 0);
      const shape = out.shape.map((n, i) => (i === axis ? length : n));
      const buffer = join(device, first, shape, axis);
      for (const part of first) if (part.made) device.free(part.buffer);
      parts.unshift({ buffer, strides: stridesOf(shape), offset: 0, length, made: true });
    }
    const result = join(device, parts, out.shape, axis);
    for (const part of parts) if (part.made) device.free(part.buffer);
    return result;
  };
}

interface Part {
  readonly buffer: GpuBuffer;
  readonly strides: readonly number[];
  readonly offset: number;
  readonly length: number;
}

function join(device: Device, parts: readonly Part[], shape: Shape, axis: number): GpuBuffer {
  const threads = threadsOf(device.mode, shape);
  const there = parts.filter((part) => part.length > 0);
  const call = new Call(device, 'concat').note(
    axis,
    there.map((part) => part.length),
  );
  const operands = there.map((part) => call.buffer(part.buffer, part.strides, part.offset, threads.index));
  return call.run(threads, () => {
    let from = 0;
    const lines = operands.map((operand, i) => {
      const start = from;
      from += there[i].length;
      const at = threads.index.map((own, k) => (k === axis ? minus(own, start) : own));
      const value = `return ${operand.at(at)};`;
      return i === operands.length - 1 ? value : `if (${sourceOf(threads.index[axis])} < ${from}) { ${value} }`;
    });
    return lines.join('\n');
  });
}

function pad(device: Device): Kernel<{ readonly before: readonly number[]; readonly value: number }, GpuBuffer> {
  return ([x], out, { before, value }) => {
    const threads = threadsOf(device.mode, out.shape);
    const call = new Call(device, 'pad').note(before, x.shape, out.shape);
    const operand = call.tensor(x, threads.index);
    const around = call.float(value);
    return call.run(threads, () => {
      if (x.size === 0) return `return ${around};`;
      const outside = threads.index.flatMap((own, i) => [
        ...(before[i] > 0 ? [`${sourceOf(own)} < ${before[i]}`] : []),
        ...(before[i] + x.shape[i] < out.shape[i] ? [`${sourceOf(own)} >= ${before[i] + x.shape[i]}`] : []),
      ]);
      const inside = `return ${operand.at(threads.index.map((own, i) => minus(own, before[i])))};`;
      return outside.length === 0 ? inside : `if (${outside.join(' || ')}) { return ${around}; }\n${inside}`;
    });
  };
}

/** The rows of the table that this file fills. */
export function indexing(device: Device) {
  return {
    gather: gather(device),
    scatterAdd: scatterAdd(device),
    take: (([table, index]) => takeRows(device, table, index)) satisfies Kernel<object, GpuBuffer>,
    takeGrad: (([index, g], out, { rows }) =>
      addRows(
        device,
        index,
        g,
        rows,
        out.shape.slice(1).reduce((a, b) => a * b, 1),
        null,
      )) satisfies Kernel<{ readonly rows: number }, GpuBuffer>,
    concat: concat(device),
    pad: pad(device),
    iota: ((_, out, { start, step }) => {
      const call = new Call(device, 'iota');
      const [first, by] = [call.float(start), call.float(step)];
      return call.run(threadsOf(device.mode, out.shape), () => `return ${first} + this.thread.x * ${by};`);
    }) satisfies Kernel<{ readonly start: number; readonly step: number }, GpuBuffer>,
  };
}
