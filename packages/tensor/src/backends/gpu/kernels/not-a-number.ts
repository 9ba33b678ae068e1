// NaN in kernels. Compilers for GPUs may take it that there is none: they fold `x != x` away, and builtins give anything
// for it. Two comparisons that both fail are left alone, so that NaN is what lies on neither side.

/** Defines `name` as 1 where a variable is NaN, else 0. */
export function isNaNOf(name: string, x: string): string {
  return `
let ${name} = 1;
if (${x} >= 0) { ${name} = 0; }
if (${x} < 0) { ${name} = 0; }`;
}

/** Defines `name` as e to a variable. */
export function exp(name: string, x: string): string {
  return `
let ${name} = ${x};
if (${x} >= 0) { ${name} = Math.exp(${x}); }
if (${x} < 0) { ${name} = Math.exp(${x}); }`;
}

/** Raises `top` to a variable; NaN wins, and stays. */
export function raise(top: string, x: string): string {
  return `if (${x} > ${top}) { ${top} = ${x}; } else { if (${x} <= ${top}) { ${top} = ${top}; } else { ${top} = ${top} + ${x}; } }`;
}
