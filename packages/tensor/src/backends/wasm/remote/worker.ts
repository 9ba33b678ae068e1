// The program of the worker that an engine runs in: starts it, then runs what comes. Bundled into a string and a file.
import { Engine } from '../engine/engine';
import { serve } from './host';
import { type Command, packError, type Reply, type Setup } from './protocol';

interface Globals {
  onmessage: ((event: { data: Setup | readonly Command[] }) => void) | null;
  postMessage(message: Reply, transfer?: ArrayBuffer[]): void;
}

const scope = globalThis as unknown as Globals;
const reply = (message: Reply, transfer?: ArrayBuffer[]): void => scope.postMessage(message, transfer ?? []);
// One batch after the other, though reads are promises.
let last: Promise<((commands: readonly Command[]) => Promise<void>) | null> | null = null;

async function start({ options }: Setup): Promise<((commands: readonly Command[]) => Promise<void>) | null> {
  try {
    const run = serve(await Engine.create(options), reply);
    reply({ kind: 'started' });
    return run;
  } catch (error) {
    reply({ kind: 'failed', error: packError(error) });
    return null;
  }
}

scope.onmessage = ({ data }) => {
  if (last === null) last = start(data as Setup);
  else {
    last = last.then(async (run) => {
      await run?.(data as readonly Command[]);
      return run;
    });
  }
};
