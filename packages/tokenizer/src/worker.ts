// The program of a worker, in Node and in browsers: takes tasks one by one and answers each.
import './core';
import type { MessagePort } from 'node:worker_threads';
import type { Answer, Task } from './threads/protocol';
import { Work } from './threads/work';

const work = new Work();

/** The part of a browser's worker scope that is used. */
interface Scope {
  onmessage: ((event: { readonly data: Task }) => void) | null;
  postMessage(message: Answer): void;
}

const port: MessagePort | null =
  typeof process === 'undefined' ? null : process.getBuiltinModule('node:worker_threads').parentPort;
// Answers are copied: what few arrays of a chunk hold is copied sooner than it is moved.
if (port === null) {
  const scope = globalThis as unknown as Scope;
  scope.onmessage = ({ data }) => scope.postMessage(work.answer(data));
} else port.on('message', (task: Task) => port.postMessage(work.answer(task)));
