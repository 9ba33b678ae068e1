// A program that trains the built packages, for tests that kill and interrupt it.
// Arguments: checkpoint folder, milliseconds that each step takes at least, output file of the weights.
import { writeFileSync } from 'node:fs';
import { Generator, init, relu, tensor } from '@heddle/tensor';
import { Dropout, Embedding, Linear, Module } from '@heddle/tensor/nn';
import { AdamW, cosine } from '@heddle/tensor/optim';
import { stopOnInterrupt, Trainer } from '@heddle/trainer';

const [checkpoints, pause, output] = process.argv.slice(2);

class Model extends Module {
  embedding = new Embedding({ count: 12, dim: 8 });
  dropout = new Dropout(0.2);
  down = new Linear({ inputs: 8, outputs: 2 });
  forward({ ids, shape }) {
    return this.down.forward(
      this.dropout.forward(relu(this.embedding.forward(tensor(ids, { shape })).mean({ axis: 1 }))),
    );
  }
}

await init({ seed: 3, threads: 1 });
const random = new Generator(1);
const train = Array.from({ length: 64 }, (_, i) => ({ ids: random.permutation(12).subarray(0, 5), label: i % 2 }));
const model = new Model();
const { signal } = stopOnInterrupt();
const wait = new Int32Array(new SharedArrayBuffer(4));
const trainer = new Trainer(model, {
  train,
  optimizer: new AdamW(model.parameters(), { lr: 1e-2 }),
  schedule: cosine({ steps: 80 }),
  epochs: 10,
  batchSize: 8,
  checkpoints,
  checkpointEvery: 3,
  resume: true,
  signal,
  callbacks: [
    {
      onStep: ({ step }) => {
        Atomics.wait(wait, 0, 0, Number(pause));
        process.stdout.write(`step ${step}\n`);
      },
    },
  ],
});
const { stoppedBy } = await trainer.fit();
if (stoppedBy === 'signal') process.exitCode = 130;
const weights = await Promise.all([...model.stateDict().values()].map((t) => t.data()));
writeFileSync(output, Buffer.concat(weights.map((w) => Buffer.from(w.buffer, w.byteOffset, w.byteLength))));
