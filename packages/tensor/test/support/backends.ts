// Running the same code on several backends. Each backend is made once a test file.

import type { Backend } from '../../src/backends/backend';
import { createReference } from '../../src/backends/reference/index';
import { useBackend } from '../../src/runtime';

const reference = createReference();

/** Runs `fn` with a backend in use and puts the one before back. */
export async function on<T>(backend: Backend, fn: () => T | Promise<T>): Promise<T> {
  const before = useBackend(backend);
  try {
    return await fn();
  } finally {
    useBackend(before);
  }
}

/** Runs `fn` on the float64 oracle. */
export function onReference<T>(fn: () => T | Promise<T>): Promise<T> {
  return on(reference, fn);
}
