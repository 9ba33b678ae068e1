// Activations and their derivatives as statements of a gpu.js kernel. No kernel is launched here.
import type { Activation } from '../../../fused/linear';

/** Defines `name` as erf of a variable, by Abramowitz & Stegun 7.1.26: within 1.5e-7. */
export function erf(name: string, x: string): string {
  return `
const size = Math.abs(${x});
const w = 1 / (1 + 0.3275911 * size);
const tail = ((((1.061405429 * w - 1.453152027) * w + 1.421413741) * w - 0.284496736) * w + 0.254829592) * w;
let ${name} = 1 - tail * Math.exp(-size * size);
if (${x} < 0) { ${name} = -${name}; }`;
}

/** Defines `name` as tanh of a variable. It overflows to NaN on GPUs; beyond 15 it is 1 in float32. NaN fails both tests. */
export function tanh(name: string, x: string): string {
  return `
let ${name} = ${x};
if (${x} >= 0) { ${name} = Math.tanh(Math.min(15, ${x})); }
if (${x} < 0) { ${name} = Math.tanh(Math.max(-15, ${x})); }`;
}

/** Statements that return the activation of `x`. */
export function activate(activation: Activation): string {
  switch (activation) {
    case 'none':
      return 'return x;';
    case 'relu':
      return 'if (x < 0) { return 0; }\nreturn x;';
    case 'silu':
      return 'if (x < -87) { return x * Math.exp(x); }\nreturn x / (1 + Math.exp(-x));';
    case 'gelu': // x Φ(x)
      return `const z = x * ${Math.SQRT1_2};${erf('e', 'z')}\nreturn 0.5 * x * (1 + e);`;
    case 'geluTanh':
      return `${inner}\n${tanh('h', 'z')}\nreturn 0.5 * x * (1 + h);`;
  }
}

/** Statements that return `g` times the derivative at `x`. */
export function derivative(activation: Activation): string {
  switch (activation) {
    case 'none':
      return 'return g;';
    case 'relu':
      return 'return (x <= 0) ? 0 : g;';
    case 'silu': // σ (1 + x (1 − σ))
      return 'const p = 1 / (1 + Math.exp(Math.min(87, -x)));\nreturn g * p * (1 + x * (1 - p));';
    case 'gelu': // Φ(x) + x φ(x)
      return `const z = x * ${Math.SQRT1_2};${erf('e', 'z')}
return g * (0.5 * (1 + e) + x * ${1 / Math.sqrt(2 * Math.PI)} * Math.exp(-0.5 * x * x));`;
    case 'geluTanh':
      return `${inner}\n${tanh('h', 'z')}
const slope = ${Math.sqrt(2 / Math.PI)} * (1 + 3 * 0.044715 * x * x);
return g * (0.5 * (1 + h) + 0.5 * x * (1 - h * h) * slope);`;
  }
}

const inner = `const z = ${Math.sqrt(2 / Math.PI)} * (x + 0.044715 * x * x * x);`;
