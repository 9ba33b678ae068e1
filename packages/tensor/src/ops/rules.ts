// Shape and dtype rules that several ops share.
import type { Meta } from '../backends/backend';
import type { Definition, None, Recorded, Sample } from '../define';
import type { DType } from '../dtype';
import { ArgumentError, DTypeError, ShapeError } from '../errors';
import { inWords, requireTensor } from '../lifetime';
import { Generator } from '../random';
import { defaultGenerator } from '../runtime';
import { sameShape, show } from '../shape';
import type { AnyTensor, Tensor } from '../tensor';

/** Throws where an operand's dtype isn't among those that the op is defined for. */
export function requireDType(op: string, argument: string, t: AnyTensor, ...allowed: readonly DType[]): void {
  requireTensor(op, argument, t);
  if (!allowed.includes(t.dtype)) throw new DTypeError(op, argument, allowed.join(' or '), t.dtype);
}

/** The options of an op; throws where something else stands in their place, which would change nothing without a word. */
export function requireOptions<Options extends object>(op: string, options: Options, expected = 'an object'): Options {
  if (typeof options !== 'object' || options === null)
    throw new ArgumentError(op, 'options', expected, inWords(options));
  return options;
}

/** The generator that an option names, or the default one. */
export function generatorOf(op: string, generator: Generator | null | undefined): Generator {
  if (generator === undefined || generator === null) return defaultGenerator();
  if (!(generator instanceof Generator)) throw new ArgumentError(op, 'generator', 'a Generator', inWords(generator));
  return generator;
}

/** What is asked for where an axis stands in place of the options. */
export const WITH_AXIS = 'an object such as { axis: 0 }';

/** An elementwise op's output is like its only input. */
export function likeInput(op: string, allowed: readonly DType[], out?: DType): (inputs: readonly AnyTensor[]) => Meta {
  return ([x]) => {
    requireDType(op, 'x', x, ...allowed);
    return out === undefined || out === x.dtype ? x : { shape: x.shape, dtype: out };
  };
}

/** A binary op's operands arrive broadcast, so shapes are equal; dtypes must be too. */
export function likeBoth(op: string, allowed: readonly DType[], out?: DType): (inputs: readonly AnyTensor[]) => Meta {
  return ([a, b]) => {
    requireDType(op, 'a', a, ...allowed);
    if (b.dtype !== a.dtype) throw new DTypeError(op, 'b', a.dtype, b.dtype);
    if (!sameShape(a.shape, b.shape)) throw new ShapeError(op, 'b', show(a.shape), show(b.shape));
    return { shape: a.shape, dtype: out ?? a.dtype };
  };
}

/** A definition of a float op on one input, with samples over a range. */
export function unary(
  name: string,
  range: readonly [number, number],
  saves: readonly (0 | 'y')[],
  backward: (g: Tensor, recorded: Recorded<None>) => (Tensor | null)[],
  dtypes: readonly DType[] = ['float32'],
): Definition<None> {
  return {
    name,
    arity: 1,
    infer: likeInput(name, dtypes),
    backward,
    saves,
    samples: () => unarySamples(range),
  };
}

function unarySamples(range: readonly [number, number]): Sample<None>[] {
  const shapes = [[7], [2, 3, 5], [], [0, 4], [1, 33]];
  // Kinks (abs, relu, floor) are kept off the grid of values that central differences straddle.
  return shapes.map((shape) => ({ inputs: [{ shape, dtype: 'float32', range, apart: 1e-3 }], attrs: {} }));
}
