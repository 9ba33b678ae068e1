// Typed errors. Each carries machine-readable fields and says in one sentence what was expected.

/** Base class of everything that Heddle throws on purpose. */
export class HeddleError extends Error {
  override readonly name: string = 'HeddleError';
}

/** An argument of an op, a layer or a loader is not what was expected. */
export class ArgumentError extends HeddleError {
  override readonly name: string = 'ArgumentError';
  constructor(
    readonly op: string,
    readonly argument: string,
    readonly expected: string,
    readonly received?: string,
  ) {
    super(`${op}: ${argument}: expected ${expected}${received === undefined ? '' : `, got ${received}`}`);
  }
}

/** Shapes don't fit together: `matmul: b: expected b.shape[0] = 3, got [2, 3] and [4, 5]`. */
export class ShapeError extends ArgumentError {
  override readonly name = 'ShapeError';
}

/** An operand has a dtype that the op isn't defined for. */
export class DTypeError extends ArgumentError {
  override readonly name = 'DTypeError';
}

/** An index lies outside the axis it points into. */
export class IndexError extends ArgumentError {
  override readonly name = 'IndexError';
}

/** A tensor was used after its memory had been given back. */
export class TensorFreed extends HeddleError {
  override readonly name = 'TensorFreed';
  constructor(
    readonly op: string,
    readonly step: number,
    readonly shape: readonly number[],
  ) {
    super(
      `the tensor [${shape.join(', ')}] made by ${op} in step ${step} was freed: keep it with keep(t), return it from its scope, or read it before the next optimizer step ends`,
    );
  }
}

/** The device has no room for a buffer. Surfaces at the next `await` of what depends on it. */
export class OutOfMemory extends HeddleError {
  override readonly name = 'OutOfMemory';
  constructor(
    readonly op: string,
    readonly requestedBytes: number,
    readonly liveBytes: number,
    readonly limitBytes: number,
    /** Shapes of what the op was given. */
    readonly shapes: readonly (readonly number[])[] = [],
  ) {
    const sizes = shapes.map((shape) => `[${shape.join(', ')}]`).join(', ');
    super(
      `${op}${sizes === '' ? '' : ` of ${sizes}`}: out of memory: asked for ${megabytes(requestedBytes)} with ${megabytes(liveBytes)} in use of at most ${megabytes(limitBytes)}: use a smaller batch, shorter sequences or checkpoint(fn)`,
    );
  }

  /** The same failure, of a named op. */
  of(op: string, inputs: readonly { readonly shape: readonly number[] }[]): OutOfMemory {
    const shapes = inputs.map(({ shape }) => shape);
    return new OutOfMemory(op, this.requestedBytes, this.liveBytes, this.limitBytes, shapes);
  }
}

/** A backend can't run here, or isn't ready. */
export class BackendError extends HeddleError {
  override readonly name: string = 'BackendError';
  constructor(
    readonly backend: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${backend}: ${message}`, options);
  }
}

/**
 * The device that held the tensors is gone: a driver that was restarted, a tab that was put away, a card that was pulled
 * out. Everything on it is lost; `init` starts on another.
 */
export class DeviceLost extends BackendError {
  override readonly name = 'DeviceLost';
  constructor(
    backend: string,
    /** What the device said, or what was lost. */
    readonly reason: string,
  ) {
    super(backend, `the device was lost (${reason}): call init() again; tensors on it can't be read any more`);
  }
}

/** A kernel needs more of something than the device gives to one, such as storage buffers or textures. */
export class LimitExceeded extends BackendError {
  override readonly name = 'LimitExceeded';
  constructor(
    backend: string,
    /** The device's own name of the limit. */
    readonly limit: string,
    readonly requested: number,
    readonly allowed: number,
  ) {
    super(backend, `a kernel needs ${limit} = ${requested}, and this device allows ${allowed}`);
  }
}

/** A backward pass failed or was asked for something it can't give. */
export class GraphError extends HeddleError {
  override readonly name = 'GraphError';
  constructor(
    readonly op: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`backward of ${op}: ${message}`, options);
  }
}

/** A file isn't what it claims to be. Nothing was loaded from it. */
export class FormatError extends HeddleError {
  override readonly name = 'FormatError';
  constructor(
    readonly file: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${problem}`, options);
  }
}

function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(1)} MB`;
}
