// The sentences that both kinds of progress share.
import type { EvaluationEvent, StartEvent } from '../callbacks.js';
import type { TrainingReport } from '../report.js';
import type { Metrics } from '../tasks/task.js';

/** Metrics that are worth a place on a line. */
const SHOWN = 4;

export function startSentence({ steps, stepsPerEpoch, doneSteps, resumedFrom }: StartEvent): string {
  const resumed = resumedFrom === null ? '' : `, going on from ${resumedFrom} after step ${doneSteps}`;
  return `training: ${steps} steps, ${stepsPerEpoch} an epoch${resumed}`;
}

export function evaluationSentence({ epoch, step, metrics, isBest }: EvaluationEvent): string {
  return `epoch ${decimal(epoch, 2)}, step ${step}: validation ${metricsText(metrics)}${isBest ? ' (best)' : ''}`;
}

export function endSentence(report: TrainingReport): string {
  const { stoppedBy, steps, best, trainSeconds, samplesPerSecond, checkpoint } = report;
  const speed = `${decimal(trainSeconds, 1)} s, ${decimal(samplesPerSecond, 0)} samples/s`;
  if (stoppedBy === 'signal') {
    const resume = checkpoint === null ? 'nothing was saved' : `saved ${checkpoint}; go on with resume: true`;
    return `stopped after step ${steps} (${speed}): ${resume}`;
  }
  const why = stoppedBy === 'early-stopping' ? 'stopped early' : 'done';
  const kept = best === null ? '' : `; weights of step ${best.step}, ${best.metric} ${decimal(best.value, 4)}`;
  return `${why} after ${steps} steps (${speed})${kept}`;
}

/** The first few metrics, such as `loss 0.3121, accuracy 0.9375`. */
export function metricsText(metrics: Metrics): string {
  const shown = Object.entries(metrics).slice(0, SHOWN);
  return shown.map(([name, value]) => `${name} ${decimal(value, 4)}`).join(', ');
}

export function decimal(value: number, places: number): string {
  return value
    .toFixed(places)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}
