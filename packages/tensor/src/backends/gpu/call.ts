// One gpu.js kernel call in the making: gathers arguments, and writes the source only where no such kernel is compiled.
import type { AnyTensor } from '../../tensor';
import type { GpuBuffer } from './buffer';
import type { Argument, Device, Helper } from './device';
import { type Index, type Position, type Threads, unitOf } from './threads';

/** The buffer behind a tensor of this backend. */
export function bufferOf(t: AnyTensor): GpuBuffer {
  return t.storage.buffer as GpuBuffer;
}

/** Row-major strides of a shape. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

/** An array argument, and how positions become an index into it. */
export class Operand {
  constructor(
    readonly name: string,
    private readonly strides: readonly number[],
    private readonly offset: string,
    /** Elements that float positions count in, see `unitOf`. */
    private readonly unit: number,
  ) {}

  /** Source that reads the element at a position along each axis. */
  at(index: readonly Position[]): string {
    const whole: string[] = this.offset === '' ? [] : [this.offset];
    const float: string[] = [];
    index.forEach((position, axis) => {
      const stride = this.strides[axis];
      if (stride === 0) return;
      if (typeof position === 'string') whole.push(times(position, stride));
      else float.push(times(position.float, stride / this.unit));
    });
    const flat = whole.length === 0 ? '0' : whole.join(' + ');
    return float.length === 0 ? `${this.name}[${flat}]` : `${this.name}[${float.join(' + ')}][${flat}]`;
  }
}

function times(position: string, by: number): string {
  return by === 1 ? position : `${position} * ${by}`;
}

/** Gathers what a kernel is called with. */
export class Call {
  private readonly args: Argument[] = [];
  private readonly names: string[] = [];
  private key: string;
  private isOnce = false;
  private helping: () => readonly Helper[] = () => [];

  constructor(
    private readonly device: Device,
    op: string,
  ) {
    this.key = op;
  }

  /** A tensor, read by positions along its axes; those given here say which of them are floats, without any none is. */
  tensor(t: AnyTensor, positions: readonly Index[] = []): Operand {
    return this.buffer(bufferOf(t), t.strides, t.offset, positions);
  }

  /** A buffer, read likewise. */
  buffer(buffer: GpuBuffer, strides: readonly number[], offset = 0, positions: readonly Index[] = []): Operand {
    const unit = unitOf(positions, strides);
    const name = `x${this.args.length}`;
    this.names.push(name);
    this.args.push({ buffer, dims: unit === 0 ? [Math.max(buffer.length, 1)] : [unit, 1] });
    const from = buffer.base + offset;
    this.key += `|${strides.join()}${from === 0 ? '' : '+'}${unit === 0 ? '' : `/${unit}`}`;
    return new Operand(name, strides, from === 0 ? '' : this.int(from), unit);
  }

  /** A whole number that may differ from call to call. */
  int(int: number): string {
    return this.scalar({ int });
  }

  /** A number that may differ from call to call. */
  float(float: number): string {
    return this.scalar({ float });
  }

  /** Something else that the source depends on. */
  note(...parts: readonly unknown[]): this {
    this.key += `|${parts.join()}`;
    return this;
  }

  /** Says that the kernel isn't worth keeping. */
  once(): this {
    this.isOnce = true;
    return this;
  }

  /** Functions that the body calls. What they are must follow from the key. */
  helpers(make: () => readonly Helper[]): this {
    this.helping = make;
    return this;
  }

  /** Runs the kernel; `body` writes its statements, which end in a `return`. */
  run(threads: Threads, body: () => string, loops = 1): GpuBuffer {
    if (threads.output.includes(0)) return this.device.upload(new Float32Array(0));
    return this.device.launch({
      key: `${this.key}|${threads.key}|${loops}`,
      source: () => `function(${this.names.join(', ')}) {\n${threads.prologue}\n${body()}\n}`,
      helpers: this.helping,
      output: threads.output,
      args: this.args,
      loops,
      once: this.isOnce,
    });
  }

  private scalar(arg: Argument): string {
    const name = `s${this.args.length}`;
    this.names.push(name);
    this.args.push(arg);
    return name;
  }
}
