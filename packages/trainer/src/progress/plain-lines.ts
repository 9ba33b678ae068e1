// Progress as lines of text, for logs: not more than one in a few seconds between evaluations.
import type { TrainerCallback } from '../callbacks.js';
import { decimal, endSentence, evaluationSentence, startSentence } from './sentences.js';

/** Milliseconds between two lines about steps. */
const PAUSE = 5_000;

/** A callback that writes lines. */
export function plainLines(write: (line: string) => void): TrainerCallback {
  let last = performance.now();
  return {
    onStart: (event) => write(startSentence(event)),
    onStep({ step, steps, loss, lr, samplesPerSecond }) {
      if (performance.now() - last < PAUSE) return;
      last = performance.now();
      const lossText = loss === null ? '' : `loss ${decimal(loss, 4)}, `;
      write(`step ${step}/${steps}: ${lossText}lr ${lr.toPrecision(3)}, ${decimal(samplesPerSecond, 0)} samples/s`);
    },
    onEvaluation: (event) => write(evaluationSentence(event)),
    onWarning: (sentence) => write(`warning: ${sentence}`),
    onEnd: (report) => write(endSentence(report)),
  };
}
