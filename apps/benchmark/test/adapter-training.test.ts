// A trainer of an adapter: stopped in the midst of an epoch and gone on with, it ends with the same bytes, dropout and all.
import { Gpt2, gpt2Config, Lora } from '@heddle/attention';
import { crossEntropy, init, manualSeed, type Tensor, tensor } from '@heddle/tensor';
import { AdamW } from '@heddle/tensor/optim';
import { Trainer, type TrainingReport } from '@heddle/trainer';
import { expect, it } from 'vitest';

const rows = Array.from({ length: 11 }, (_, i) => Array.from({ length: 6 }, (__, t) => (3 * i + 5 * t) % 40));

async function run(checkpoints: Map<string, Uint8Array>, stopAt?: number): Promise<[TrainingReport, number[][]]> {
  manualSeed(99); // the same model each time: checkpoints hold the adapter alone
  const config = { vocabSize: 40, dim: 16, layers: 2, heads: 2, maxLength: 8 };
  const model = new Gpt2(gpt2Config({ ...config, dropout: 0.1 })).eval();
  const lora = new Lora(model, {
    rank: 2,
    alpha: 8,
    dropout: 0.2,
    weightDecomposed: true,
  });
  manualSeed(7 + (stopAt ?? 0)).bits(13);
  const controller = new AbortController();
  const trainer = new Trainer(lora, {
    train: rows,
    validation: rows.slice(0, 5),
    collate: (batch: readonly (readonly number[])[]) => batch,
    loss: (adapter: Lora<Gpt2>, batch): Tensor =>
      crossEntropy(
        adapter.call({ ids: tensor(Int32Array.from(batch.flat()), { shape: [batch.length, 6] }) }),
        batch.flatMap((ids) => [...ids.slice(1), -100]),
      ),
    optimizer: new AdamW(lora.parameters(), { lr: 1e-2 }),
    batchSize: 2,
    accumulate: 2,
    epochs: 3,
    seed: 3,
    checkpoints,
    resume: true,
    signal: controller.signal,
    callbacks: [{ onStep: ({ step }) => step === stopAt && controller.abort() }],
    progress: 'none',
  });
  const report = await trainer.fit();
  expect(model.training).toBe(false); // as it was
  return [report, await Promise.all(lora.parameters().map(async (p) => Array.from(await p.data())))];
}

it('an adapter that is trained on from a checkpoint ends as if nothing had stopped it', async () => {
  await init({ backend: 'wasm', threads: 1 });
  const [whole, weights] = await run(new Map());
  expect(whole.losses.length).toBe(9);
  for (const stopAt of [1, 4, 8]) {
    const checkpoints = new Map<string, Uint8Array>();
    expect((await run(checkpoints, stopAt))[0].stoppedBy).toBe('signal');
    const [resumed, found] = await run(checkpoints);
    expect(resumed.losses).toEqual(whole.losses);
    expect(resumed.evaluations).toEqual(whole.evaluations);
    expect(found).toEqual(weights);
  }
});
