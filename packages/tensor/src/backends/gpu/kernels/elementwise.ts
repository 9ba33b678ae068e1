// Kernels that go element by element. One generator makes them all out of an expression each.
import type { DType } from '../../../dtype';
import type { AnyTensor } from '../../../tensor';
import type { Kernel } from '../../backend';
import type { GpuBuffer } from '../buffer';
import type { Device } from '../device';
import { type View, viewOf } from '../view';
import { erf, tanh } from './activation';
import { lazily } from './chain';
import { exp, isNaNOf } from './not-a-number';

/**
 * Runs statements for every element of tensors of one shape. They find the elements in `a` … `f`, the numbers in `s`,
 * `t`, `u`, `v`, `n`, `m`, and end in a `return`.
 */
export function mapElements(
  device: Device,
  op: string,
  tensors: readonly AnyTensor[],
  numbers: readonly number[],
  statements: string,
): GpuBuffer {
  return mapViews(device, op, tensors[0].shape, tensors.map(viewOf), numbers, statements);
}

/** The same over buffers that no tensor holds. Nothing runs before the result is needed. */
export function mapViews(
  device: Device,
  op: string,
  shape: readonly number[],
  views: readonly View[],
  numbers: readonly number[],
  statements: string,
): GpuBuffer {
  return lazily(device, shape, { op, statements, operands: views, numbers });
}

/** Below −87 eˣ leaves float32, and not every GPU gives 0 or ∞ then. */
const SIGMOID = `
if (a >= 0) { return 1 / (1 + Math.exp(-a)); }
if (a < 0) { return 1 / (1 + Math.exp(Math.min(87, -a))); }
return a;`;

/** Some GPUs give log |a|, and a number for 0. */
const LOG = `
if (a < 0) { return Math.sqrt(a); }
if (a == 0) { return -1 / Math.abs(a); }
if (a > 0) { return Math.log(a); }
return a;`;

// Builtins promise no more than 2^-11: reduce to [−π/4, π/4] in three exact steps, then the Taylor polynomials.
const sine = (shift: number): string => `
const turns = Math.floor(a * ${2 / Math.PI} + 0.5);
const r = ((a - turns * 1.5703125) - turns * 0.0004837512969970703) - turns * 7.549789948768648e-8;
const q = turns + ${shift};
const quarter = q - 4 * Math.floor(q / 4);
const r2 = r * r;
const even = 1 + r2 * (-0.5 + r2 * (0.041666666666 + r2 * (-0.001388888889 + r2 * 0.0000248015873)));
const odd = r * (1 + r2 * (-0.1666666667 + r2 * (0.00833333333 + r2 * (-0.000198412698 + r2 * 0.00000275573))));
let y = odd;
if (quarter > 0.5 && quarter < 1.5) { y = even; }
if (quarter > 1.5 && quarter < 2.5) { y = -odd; }
if (quarter > 2.5) { y = -even; }
return y;`;

const ROUND = `
const low = Math.floor(a);
const rest = a - low;
if (rest > 0.5) { return low + 1; }
if (rest == 0.5 && low - 2 * Math.floor(low / 2) > 0.5) { return low + 1; }
return low;`;

// For small x the rounding of 1 + x is divided out again (Goldberg 1991, theorem 4).
const LOG1P = `
const u = 1 + a;
if (u == 1) { return a; }
if (u < 0) { return Math.sqrt(u); }
if (u == 0) { return -1 / Math.abs(u); }
if (u > 100000000) { return Math.log(u); }
if (u > 0) { return Math.log(u) * (a / (u - 1)); }
return a;`;

// pow of a GPU is exp2(y · log2(x)): the sign of x needs help, and so do whole numbers.
const POW = `
if (b == 0) { return 1; }${isNaNOf('odd', 'a')}
if (odd > 0.5) { return a; }${isNaNOf('other', 'b')}
if (other > 0.5) { return b; }
let size = Math.pow(Math.abs(a), b);
if (a == 0) { if (b > 0) { size = 0; } }
const whole = Math.floor(b);
if (b > 0 && whole == b && Math.floor(a) == a && size < 100000) { size = Math.floor(size + 0.5); }
if (a >= 0) { return size; }
if (whole != b) { return Math.sqrt(a); }
if (whole - 2 * Math.floor(whole / 2) > 0.5) { return -size; }
return size;`;

// Infinite divisors leave a, or themselves where the signs differ. Elsewhere a quotient may be off by a rounding: whole
// numbers then give b, or less than nothing, where 0 is left.
const MOD = `
if (Math.abs(b) > 3.4028234e38 && Math.abs(a) < 3.4028234e38) {
if (a < 0 && b > 0) { return b; }
if (a > 0 && b < 0) { return b; }
return a;
}
const r = a - Math.floor(a / b) * b;
if (Math.floor(a) == a) {
if (b > 0) { if (r < 0) { return r + b; } if (r >= b) { return r - b; } }
if (b < 0) { if (r > 0) { return r + b; } if (r <= b) { return r - b; } }
}
return r;`;

const CASTS: Readonly<Record<DType, string>> = {
  float32: 'return a;',
  int32: 'if (a < 0) { return Math.ceil(a); } return Math.floor(a);',
  bool: 'return (a == 0) ? 0 : 1;',
};

/** Statements for a fixed exponent: products where it is a small whole number. */
function powScalar(exponent: number): { readonly source: string; readonly numbers: readonly number[] } {
  if (Number.isInteger(exponent) && Math.abs(exponent) <= 8) {
    const product = Array.from({ length: Math.abs(exponent) }, () => 'a').join(' * ') || '1';
    return { source: exponent < 0 ? `return 1 / (${product});` : `return ${product};`, numbers: [] };
  }
  return { source: `const b = s;${POW}`, numbers: [exponent] };
}

/** The rows of the table that this file fills. */
export function elementwise(device: Device) {
  const map = (op: string, statements: string): Kernel<object, GpuBuffer> => {
    return (inputs) => mapElements(device, op, inputs, [], statements);
  };
  return {
    neg: map('neg', 'return -a;'),
    abs: map('abs', 'return Math.abs(a);'),
    sign: map('sign', 'if (a > 0) { return 1; } if (a < 0) { return -1; } return a;'),
    floor: map('floor', 'return Math.floor(a);'),
    ceil: map('ceil', 'return Math.ceil(a);'),
    round: map('round', ROUND),
    exp: map('exp', `${exp('y', 'a')}\nreturn y;`),
    log: map('log', LOG),
    log1p: map('log1p', LOG1P),
    sqrt: map('sqrt', 'return Math.sqrt(a);'),
    rsqrt: map('rsqrt', 'return 1 / Math.sqrt(a);'),
    sin: map('sin', sine(0)),
    cos: map('cos', sine(1)),
    tanh: map('tanh', `${tanh('y', 'a')}\nreturn y;`),
    erf: map('erf', `${erf('y', 'a')}\nreturn y;`),
    sigmoid: map('sigmoid', SIGMOID),
    relu: map('relu', 'return (a < 0) ? 0 : a;'),
    logicalNot: map('logicalNot', 'return 1 - a;'),
    add: map('add', 'return a + b;'),
    sub: map('sub', 'return a - b;'),
    mul: map('mul', 'return a * b;'),
    div: map('div', 'return a / b;'),
    pow: map('pow', POW),
    maximum: map('maximum', 'if (a >= b) { return a; } if (a < b) { return b; } return a + b;'),
    minimum: map('minimum', 'if (a <= b) { return a; } if (a > b) { return b; } return a + b;'),
    mod: map('mod', MOD),
    equal: map('equal', 'return (a == b) ? 1 : 0;'),
    less: map('less', 'return (a < b) ? 1 : 0;'),
    lessEqual: map('lessEqual', 'return (a <= b) ? 1 : 0;'),
    logicalAnd: map('logicalAnd', 'return a * b;'),
    logicalOr: map('logicalOr', 'return Math.max(a, b);'),
    where: map('where', 'if (a > 0.5) { return b; } return c;'),
    contiguous: map('contiguous', 'return a;'),
    fill: ((_, out, { value }) => mapViews(device, 'fill', out.shape, [], [value], 'return s;')) satisfies Kernel<
      { readonly value: number },
      GpuBuffer
    >,
    affine: ((inputs, _, { scale, shift }) =>
      mapElements(device, 'affine', inputs, [scale, shift], 'return a * s + t;')) satisfies Kernel<
      { readonly scale: number; readonly shift: number },
      GpuBuffer
    >,
    powScalar: ((inputs, _, { exponent }) => {
      const { source, numbers } = powScalar(exponent);
      const op = numbers.length === 0 ? `powScalar${exponent}` : 'powScalar';
      return mapElements(device, op, inputs, numbers, source);
    }) satisfies Kernel<{ readonly exponent: number }, GpuBuffer>,
    cast: ((inputs, out) => mapElements(device, `cast ${out.dtype}`, inputs, [], CASTS[out.dtype])) satisfies Kernel<
      object,
      GpuBuffer
    >,
  };
}
