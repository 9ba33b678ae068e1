// Holds special.ts's programs against the reference.
import type { Backend } from '../../src/backends/backend';
import { on, onReference } from './backends';
import { expectClose } from './compare';
import { special } from './special';

/** Fails where what a program gives on a backend strays from the reference. */
export async function expectSpecial(backend: Backend, name: string): Promise<void> {
  const expected = await onReference(() => special(name));
  const actual = await on(backend, () => special(name));
  actual.forEach((values, i) => {
    expectClose(values, expected[i], 1e-4, `result ${i}`);
  });
}
