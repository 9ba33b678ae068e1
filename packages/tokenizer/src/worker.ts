// The program of a worker, in Node and in browsers: takes tasks one by one and answers each.
import './core';
import type { MessagePort } from 'node:worker_threads';
import type { Answer, Task } from './threads/protocol';
import { Work } from './threads/work';

const work = new Work();

/** The buffers of an answer, which move instead of being copied. */
function buffersOf(answer: Answer): ArrayBuffer[] {
  if (!('result' in answer) || answer.result === undefined) return [];
  return Object.values(answer.result).flatMap((value: unknown) =>
    ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer ? [value.buffer] : [],
  );
}

/** The part of a browser's worker scope that is used. */
interface Scope {
  onmessage: ((event: { readonly data: Task }) => void) | null;
  postMessage(message: Answer, transfer: readonly ArrayBuffer[]): void;
}

const port: MessagePort | null =
  typeof process === 'undefined' ? null : process.getBuiltinModule('node:worker_threads').parentPort;
if (port === null) {
  const scope = globalThis as unknown as Scope;
  scope.onmessage = ({ data }) => {
    const answer = work.answer(data);
    scope.postMessage(answer, buffersOf(answer));
  };
} else
  port.on('message', (task: Task) => {
    const answer = work.answer(task);
    port.postMessage(answer, buffersOf(answer));
  });
