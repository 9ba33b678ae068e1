// Elementwise ops that have not run yet. Each is a step; the steps that lead to a result become one gpu.js kernel when
// somebody needs it. Only what goes element by element is in here.
import { GpuBuffer, type Pending } from '../buffer';
import { Call, stridesOf } from '../call';
import type { Device } from '../device';
import { collapse, threadsOf } from '../threads';
import type { View } from '../view';

/** Statements for one element: operands are `a` … `f`, numbers `s`, `t`, `u`, `v`, `n`, `m`; they end in a `return`. */
export interface Step {
  /** Steps of the same name have the same statements. */
  readonly op: string;
  readonly statements: string;
  readonly operands: readonly (View | Step)[];
  readonly numbers: readonly number[];
}

const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f'];
const NUMBERS = ['s', 't', 'u', 'v', 'n', 'm'];

/** Arrays that one kernel binds: WebGPU promises 8 buffers, and one is written. */
const MOST_ARRAYS = 7;
/** Longer chains than this start anew. */
const MOST_STEPS = 16;

const isStep = (operand: View | Step): operand is Step => 'op' in operand;

/** All steps below one, each once, operands first. */
function stepsOf(root: Step): Step[] {
  const found = new Set<Step>();
  const walk = (step: Step): void => {
    if (found.has(step)) return;
    for (const operand of step.operands) if (isStep(operand)) walk(operand);
    found.add(step);
  };
  walk(root);
  return [...found];
}

/** The arrays that steps read, each once, and which of them a view is. */
class Arrays {
  readonly views: View[] = [];
  private readonly places = new Map<View, number>();

  constructor(steps: readonly Step[]) {
    for (const { operands } of steps) for (const operand of operands) if (!isStep(operand)) this.add(operand);
  }

  of(view: View): number {
    return this.places.get(view) ?? -1;
  }

  private add(view: View): void {
    const same = this.views.findIndex(
      ({ buffer, offset, strides }) =>
        buffer === view.buffer && offset === view.offset && strides.every((stride, i) => stride === view.strides[i]),
    );
    this.places.set(view, same === -1 ? this.views.push(view) - 1 : same);
  }
}

/** A chain whose last step gives the result. */
export class Chain implements Pending {
  readonly reads: readonly GpuBuffer[];

  constructor(
    private readonly device: Device,
    readonly shape: readonly number[],
    readonly root: Step,
  ) {
    this.reads = [...new Set(new Arrays(stepsOf(root)).views.map(({ buffer }) => buffer))];
  }

  free(buffer: GpuBuffer): void {
    this.device.free(buffer);
  }

  run(): GpuBuffer {
    const steps = stepsOf(this.root);
    const arrays = new Arrays(steps);
    const joined = collapse(
      this.shape,
      arrays.views.map(({ strides }) => strides),
    );
    const threads = threadsOf(this.device.mode, this.shape.includes(0) ? [0] : joined.shape);
    const call = new Call(this.device, structureOf(steps, arrays));
    const elements = arrays.views.map(({ buffer, offset }, i) =>
      call.buffer(buffer, joined.strides[i], offset, threads.index),
    );
    const numbers = steps.map((one) => one.numbers.map((number) => call.float(number)));
    const nameOf = (operand: View | Step): string =>
      isStep(operand) ? `y${steps.indexOf(operand)}` : `e${arrays.of(operand)}`;
    const read = (): string[] => elements.map((element, i) => `const e${i} = ${element.at(threads.index)};`);
    if (steps.length === 1) {
      const [only] = steps;
      return call.run(threads, () =>
        [
          ...read(),
          ...only.operands.map((operand, i) => `const ${LETTERS[i]} = ${nameOf(operand)};`),
          ...numbers[0].map((name, i) => `const ${NUMBERS[i]} = ${name};`),
          only.statements,
        ].join('\n'),
      );
    }
    const ops = [...new Map(steps.map((one) => [one.op, one])).values()];
    call.helpers(() => ops.map((one, i) => ({ name: `f${i}`, parameters: parametersOf(one), body: one.statements })));
    return call.run(threads, () =>
      [
        ...read(),
        ...steps.map((one, i) => {
          const given = [...one.operands.map(nameOf), ...numbers[i]].join(', ');
          return `const y${i} = f${ops.findIndex(({ op }) => op === one.op)}(${given});`;
        }),
        `return y${steps.length - 1};`,
      ].join('\n'),
    );
  }
}

function parametersOf({ operands, numbers }: Step): string[] {
  return [...LETTERS.slice(0, operands.length), ...NUMBERS.slice(0, numbers.length)];
}

/** Says which steps a chain has and what each reads: chains that agree here have the same source. */
function structureOf(steps: readonly Step[], arrays: Arrays): string {
  return steps
    .map(({ op, operands, numbers }) => {
      const from = operands.map((one) => (isStep(one) ? `y${steps.indexOf(one)}` : `e${arrays.of(one)}`));
      return `${op}(${from.join()};${numbers.length})`;
    })
    .join(' ');
}

/** A buffer that the step will fill, over `shape`, together with pending steps behind its operands. */
export function lazily(
  device: Device,
  shape: readonly number[],
  { operands, ...rest }: Omit<Step, 'operands'> & { readonly operands: readonly View[] },
): GpuBuffer {
  const size = shape.reduce((a, b) => a * b, 1);
  const joined: Step = { ...rest, operands: operands.map((view) => behind(view, shape) ?? view) };
  const steps = stepsOf(joined);
  const fits = steps.length <= MOST_STEPS && new Arrays(steps).views.length <= MOST_ARRAYS;
  // What is too long to go on with runs now: chains behind chains would be as deep as the program is long.
  if (!fits) for (const { buffer } of operands) void buffer.resource;
  return new GpuBuffer(new Chain(device, shape, fits ? joined : { ...rest, operands }), size);
}

/** The pending step behind a view, its arrays seen as the view sees it; null where there is none. */
function behind({ buffer, strides, offset }: View, shape: readonly number[]): Step | null {
  const { pending } = buffer;
  if (!(pending instanceof Chain) || offset !== 0) return null;
  const from = pending.shape;
  const own = stridesOf(from);
  const dense = stridesOf(shape);
  const isDense = strides.every((stride, i) => shape[i] === 1 || stride === dense[i]);
  if (isDense && shape.length === from.length && shape.every((n, i) => n === from[i])) return pending.root;
  // Axis by axis: those of the pending result, in any order, or repeated ones.
  const isRepeated = (i: number): boolean => strides[i] === 0 || shape[i] === 1;
  const axes = strides.map((stride, i) =>
    isRepeated(i) ? -1 : own.findIndex((step, j) => step === stride && from[j] === shape[i]),
  );
  if (axes.every((axis, i) => axis >= 0 || isRepeated(i))) {
    return seenAs(pending.root, (view) => axes.map((axis) => (axis < 0 ? 0 : view.strides[axis])));
  }
  // Another shape of the same elements in the same order.
  const isPlain = new Arrays(stepsOf(pending.root)).views.every((view) =>
    view.strides.every((stride, j) => from[j] === 1 || stride === own[j]),
  );
  return isDense && isPlain ? seenAs(pending.root, () => dense) : null;
}

/** The same steps over arrays with other strides. Views and steps that are shared stay shared. */
function seenAs(root: Step, stridesFor: (view: View) => readonly number[]): Step {
  const made = new Map<Step, Step>();
  const walk = (step: Step): Step => {
    const known = made.get(step);
    if (known !== undefined) return known;
    const operands = step.operands.map((one) => (isStep(one) ? walk(one) : { ...one, strides: stridesFor(one) }));
    const copy = { ...step, operands };
    made.set(step, copy);
    return copy;
  };
  return walk(root);
}
