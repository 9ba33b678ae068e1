// How long a program takes from its start to the end of its first training step of `tiny`: Node, imports, init, model.
import { EncoderLayer } from '@heddle/attention';
import { backendInfo, crossEntropy, init, randint } from '@heddle/tensor';
import { Embedding, Linear, Module } from '@heddle/tensor/nn';
import { Adam } from '@heddle/tensor/optim';
import { flags, report, VOCABULARY } from './shared.mjs';

const options = flags({ blas: { type: 'string', default: 'off' } });
const { load, threads, batch, tokens, dim, heads, layers, outputs } = options;

class Model extends Module {
  tok = new Embedding({ count: VOCABULARY, dim });
  pos = new Embedding({ count: tokens, dim });
  layers = Array.from({ length: layers }, () => new EncoderLayer({ dim, heads }));
  head = new Linear({ inputs: dim, outputs });

  forward(ids) {
    let x = this.tok.call(ids).add(this.pos.weight);
    for (const layer of this.layers) x = layer.call(x);
    return this.head.call(x.mean({ axis: 1 }));
  }
}

await init({ threads, blas: options.blas });
const model = new Model();
const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
const labels = Int32Array.from({ length: batch }, (_, i) => i % 2);
const loss = crossEntropy(model.call(randint(0, VOCABULARY, [batch, tokens])), labels);
loss.backward();
optimizer.step();
await loss.item();
const { user, system } = process.cpuUsage();
const processor = process.env['HEDDLE_BENCH_CLOCK'] === 'processor';
const time = processor ? (user + system) / 1000 : performance.now();
console.log(JSON.stringify({ ran: backendInfo() }));
report(load, 'train', [time], []);
process.exit(0);
