// A training loop by hand, without a scope anywhere. Prints live buffers and resident bytes at some steps.
// Run with --expose-gc: what the engine's collector has not got round to says nothing about leaks.
// Arguments: how many steps, and how many bytes to leak at each, on purpose.
import { crossEntropy, init, memory, tensor } from '@heddle/tensor';
import { Dropout, Embedding, LayerNorm, Linear, Module } from '@heddle/tensor/nn';
import { AdamW, clipGradNorm } from '@heddle/tensor/optim';
import { batches } from '@heddle/trainer';

class Model extends Module {
  embedding = new Embedding({ count: 500, dim: 64 });
  up = new Linear({ inputs: 64, outputs: 256, activation: 'gelu' });
  dropout = new Dropout(0.1);
  down = new Linear({ inputs: 256, outputs: 64 });
  norm = new LayerNorm({ dim: 64 });
  head = new Linear({ inputs: 64, outputs: 2 });
  forward(ids) {
    const x = this.embedding.forward(ids);
    const y = this.norm.forward(x.add(this.dropout.forward(this.down.forward(this.up.forward(x)))));
    return this.head.forward(y.mean({ axis: 1 }));
  }
}

await init({ seed: 3, threads: 1 });
const model = new Model();
const optimizer = new AdamW(model.parameters(), { lr: 1e-3 });
const data = Array.from({ length: 320 }, (_, i) => ({
  ids: Array.from({ length: 20 }, (_, t) => (i * 31 + t * 17) % 500),
  label: i % 2,
}));
const [steps, leak] = process.argv.slice(2).map(Number);
const leaked = [];
let step = 0;
while (step < steps) {
  for (const rows of batches(data, 32)) {
    const logits = model.call(
      tensor(
        rows.map((row) => row.ids),
        { dtype: 'int32' },
      ),
    );
    const loss = crossEntropy(
      logits,
      rows.map((row) => row.label),
    );
    loss.backward();
    clipGradNorm(model.parameters(), 1);
    optimizer.step();
    await loss.item();
    if (leak > 0) leaked.push(new Array(leak / 8).fill(step + 0.5));
    step++;
    if (step === 10 || step % 125 === 0) {
      globalThis.gc();
      console.log(
        JSON.stringify({
          step,
          buffers: memory().buffers,
          resident: process.memoryUsage.rss(),
          heap: process.memoryUsage().heapUsed,
        }),
      );
    }
  }
}
