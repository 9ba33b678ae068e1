// What kernels do when they fail: no buffer is left behind, and the error says where it was.
import { OutOfMemory } from '../../errors';
import type { Shape } from '../../shape';
import type { Engine } from './engine/engine';

/**
 * A kernel that fails half-way, out of memory or on a bad index, leaves no buffer behind. Forward kernels hand buffers to
 * `save` last, so what is rolled back is never the graph's.
 *
 * @param inputsOf whose shapes an `OutOfMemory` names
 */
export function guard<Args extends readonly unknown[], R>(
  engine: Engine,
  name: string,
  kernel: (...args: Args) => R,
  inputsOf: (...args: Args) => readonly { readonly shape: Shape }[],
): (...args: Args) => R {
  return (...args) => {
    engine.begin();
    try {
      return kernel(...args);
    } catch (error) {
      engine.rollback();
      throw error instanceof OutOfMemory ? error.of(name, inputsOf(...args)) : error;
    }
  };
}
