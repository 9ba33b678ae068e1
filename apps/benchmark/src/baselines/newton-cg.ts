// Newton's method with conjugate gradients inside (Nocedal & Wright, algorithm 7.1), for smooth convex functions of very
// many variables. Knows functions, gradients and Hessian products, no models.

/** A convex function. `hessianTimes` speaks of the point that `evaluate` saw last. */
export interface ConvexProblem {
  readonly size: number;
  /** The value at `x`; writes the gradient. */
  evaluate(x: Float64Array, gradient: Float64Array): number;
  /** Writes H·v into `product`. */
  hessianTimes(v: Float64Array, product: Float64Array): void;
}

/** When to stop. */
export interface NewtonOptions {
  /** Stop when no component of the gradient is larger. Default 1e-5. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
}

/** Minimises the problem, from `start` or from zero. */
export function minimise(
  problem: ConvexProblem,
  { tolerance = 1e-5, maxIterations = 100, start }: NewtonOptions & { readonly start?: Float64Array } = {},
): Float64Array {
  const x = start?.slice() ?? new Float64Array(problem.size);
  const next = new Float64Array(problem.size);
  const gradient = new Float64Array(problem.size);
  let value = problem.evaluate(x, gradient);
  for (let iteration = 0; iteration < maxIterations && largest(gradient) > tolerance; iteration++) {
    const direction = newtonDirection(problem, gradient);
    const slope = dot(direction, gradient);
    let length = 1;
    let nextValue = Number.POSITIVE_INFINITY;
    // Armijo's condition; for a convex function a halved step reaches it.
    for (let tries = 0; tries < 30; tries++, length /= 2) {
      for (let i = 0; i < x.length; i++) next[i] = x[i] + length * direction[i];
      nextValue = problem.evaluate(next, gradient);
      if (nextValue <= value + 1e-4 * length * slope) break;
    }
    if (!(nextValue < value)) break; // rounding is all that is left
    x.set(next);
    value = nextValue;
  }
  return x;
}

// Solves H·d = −g only as far as it pays: roughly far from the minimum, closely near it.
function newtonDirection(problem: ConvexProblem, gradient: Float64Array): Float64Array {
  const d = new Float64Array(gradient.length);
  const product = new Float64Array(gradient.length);
  const residual = gradient.map((g) => -g);
  const p = residual.slice();
  let squares = dot(residual, residual);
  const goal = squares * Math.min(0.25, Math.sqrt(squares));
  for (let iteration = 0; iteration < 200 && squares > goal; iteration++) {
    problem.hessianTimes(p, product);
    const curvature = dot(p, product);
    if (curvature <= 1e-16 * dot(p, p)) break;
    const step = squares / curvature;
    for (let i = 0; i < d.length; i++) {
      d[i] += step * p[i];
      residual[i] -= step * product[i];
    }
    const before = squares;
    squares = dot(residual, residual);
    for (let i = 0; i < p.length; i++) p[i] = residual[i] + (squares / before) * p[i];
  }
  return d;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function largest(a: Float64Array): number {
  let best = 0;
  for (let i = 0; i < a.length; i++) best = Math.max(best, Math.abs(a[i]));
  return best;
}
