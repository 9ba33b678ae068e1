// Runs one case, forward and backward, on the backend in use. No test framework here: browsers run it too.
import { gradients } from '../../src/autograd';
import { scope } from '../../src/lifetime';
import { asFloats } from '../../src/op';
import type { AnyTensor, Tensor } from '../../src/tensor';
import { type Case, weightsLike } from './cases';
import type { dense } from './samples';

/** What one run of a case gives on the host. */
export interface Result {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly output: ArrayLike<number>;
  readonly gradients: readonly ArrayLike<number>[];
}

/** Makes a case's inputs with `make`, and gives its output and the gradients of its float inputs. */
export async function run(c: Case, make: typeof dense): Promise<Result> {
  const kept: AnyTensor[] = [];
  const alive = scope(() => {
    const inputs = c.sample.inputs.map((input, i) => make(input, i + 1).detach());
    const floats = asFloats(inputs.filter((x) => x.dtype === 'float32'));
    if (c.differentiable) for (const x of floats) x.requireGrad();
    const output = c.run(inputs);
    const [y] = asFloats([output]);
    const found: Tensor[] = c.differentiable ? gradients(y, floats, { gradient: weightsLike(y) }) : [];
    return { output, found };
  });
  kept.push(alive.output, ...alive.found);
  try {
    return {
      shape: alive.output.shape,
      dtype: alive.output.dtype,
      output: await alive.output.data(),
      gradients: await Promise.all(alive.found.map((g) => g.data())),
    };
  } finally {
    for (const t of kept) t.dispose();
  }
}
