// Progress as a bar on a terminal, by cli-progress, which is loaded only here.
import type { SingleBar } from 'cli-progress';
import type { TrainerCallback } from '../callbacks.js';
import { decimal, endSentence, evaluationSentence, startSentence } from './sentences.js';

const FORMAT = 'epoch {epoch} [{bar}] {value}/{total} · loss {loss} · {speed} samples/s · {eta_formatted} left';

/** A callback that draws a bar below the lines that it writes. */
export async function progressBar(write: (line: string) => void): Promise<TrainerCallback> {
  const { default: cliProgress } = await import('cli-progress');
  let bar: SingleBar | null = null;
  const aboveBar = (line: string): void => {
    // Clears the bar's line for the sentence; the bar is drawn again below it.
    if (bar !== null) process.stderr.write('\r\u001b[K');
    write(line);
    bar?.render();
  };
  const stop = (): void => {
    bar?.stop();
    bar = null;
  };
  return {
    onStart(event) {
      write(startSentence(event));
      bar = new cliProgress.SingleBar({
        format: FORMAT,
        stream: process.stderr,
        hideCursor: true,
        fps: 5,
        barsize: 24,
      });
      bar.start(event.steps, event.doneSteps, { epoch: '0', loss: '…', speed: '…' });
    },
    onStep({ step, epoch, loss, samplesPerSecond }) {
      bar?.update(step, {
        epoch: decimal(epoch, 2),
        loss: loss === null ? '…' : decimal(loss, 4),
        speed: decimal(samplesPerSecond, 0),
      });
    },
    onEvaluation: (event) => aboveBar(evaluationSentence(event)),
    onWarning: (sentence) => aboveBar(`warning: ${sentence}`),
    onEnd(report) {
      stop();
      write(endSentence(report));
    },
    // A bar that isn't stopped keeps the cursor hidden and the process alive.
    onFailure: stop,
  };
}
