// What a person reads while a run goes on.
import { describe, expect, it } from 'vitest';
import type { TrainingReport } from '../src/index.js';
import { plainLines } from '../src/progress/plain-lines.js';
import { decimal, endSentence, metricsText } from '../src/progress/sentences.js';

const report: TrainingReport = {
  stoppedBy: 'completed',
  steps: 120,
  epochs: 3,
  losses: [],
  evaluations: [],
  best: { step: 80, epoch: 2, metric: 'loss', value: 0.25 },
  test: null,
  seed: 0,
  trainSeconds: 12.34,
  samplesPerSecond: 311.2,
  tokensPerSecond: 0,
  peakBytes: 0,
  checkpoint: 'runs/a/step-00000120',
  resumedFrom: null,
};

describe('sentences', () => {
  it('say how a run ended, and how to go on with it', () => {
    expect(endSentence(report)).toBe('done after 120 steps (12.3 s, 311 samples/s); weights of step 80, loss 0.25');
    expect(endSentence({ ...report, stoppedBy: 'early-stopping' })).toMatch(/^stopped early after 120 steps/);
    expect(endSentence({ ...report, stoppedBy: 'signal' })).toBe(
      'stopped after step 120 (12.3 s, 311 samples/s): saved runs/a/step-00000120; go on with resume: true',
    );
    expect(endSentence({ ...report, stoppedBy: 'signal', checkpoint: null })).toContain('nothing was saved');
  });

  it('show a few metrics, without noise', () => {
    expect(metricsText({ loss: 0.31234, accuracy: 1, a: 0, b: 2, c: 3 })).toBe('loss 0.3123, accuracy 1, a 0, b 2');
    expect([decimal(100, 0), decimal(10, 2), decimal(0.5, 4)]).toEqual(['100', '10', '0.5']);
  });
});

describe('plain lines', () => {
  it('are one for the beginning, each evaluation, each warning and the end, and few for steps', () => {
    const lines: string[] = [];
    const { onStart, onStep, onEvaluation, onWarning, onEnd } = plainLines((line) => lines.push(line));
    onStart?.({ steps: 120, stepsPerEpoch: 40, doneSteps: 40, resumedFrom: 'runs/a/step-00000040' });
    const step = { steps: 120, epoch: 1, lr: 1e-3, loss: 0.5, samplesPerSecond: 10 };
    for (let i = 41; i < 80; i++) onStep?.({ ...step, step: i });
    onEvaluation?.({ step: 80, epoch: 2, metrics: { loss: 0.25 }, isBest: true });
    onWarning?.('careful');
    onEnd?.(report);
    expect(lines).toEqual([
      'training: 120 steps, 40 an epoch, going on from runs/a/step-00000040 after step 40',
      'epoch 2, step 80: validation loss 0.25 (best)',
      'warning: careful',
      'done after 120 steps (12.3 s, 311 samples/s); weights of step 80, loss 0.25',
    ]);
  });
});
