// Lets the collector take what earlier tests forgot, so that a test's count of live buffers is its own.
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeEach } from 'vitest';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

beforeEach(async () => {
  collect();
  // The registry is told in tasks of its own.
  for (let i = 0; i < 3; i++) await setImmediate();
});
