// Heddle's process of the speed suite: one workload, trained and run with the built packages, as a user would write it.
// Usage: node heddle.mjs --load tiny --modes train,infer,infer1 --threads 2 [--blas off|auto] [--simd auto|plain|relaxed]
import { EncoderLayer } from '@heddle/attention';
import { backendInfo, crossEntropy, init, keep, noGrad, scope, tensor } from '@heddle/tensor';
import { assign, Embedding, LayerNorm, Linear, Module, ModuleList } from '@heddle/tensor/nn';
import { Adam } from '@heddle/tensor/optim';
import { flags, inputs, parameters, report, targets, timed, VOCABULARY, values } from './shared.mjs';

const options = flags({
  blas: { type: 'string', default: 'off' },
  simd: { type: 'string', default: 'auto' },
  profile: { type: 'boolean', default: false },
});
const { load, modes, seconds, batch, tokens, dim, heads, layers, outputs, causal = false } = options;

class Model extends Module {
  tok = new Embedding({ count: VOCABULARY, dim });
  pos = new Embedding({ count: tokens, dim });
  layers = new ModuleList(Array.from({ length: layers }, () => new EncoderLayer({ dim, heads })));
  norm = new LayerNorm({ dim });
  head = new Linear({ inputs: dim, outputs });

  forward(ids, positions) {
    let x = this.tok.call(ids).add(this.pos.call(positions));
    for (const layer of this.layers) x = layer.call(x, { causal });
    const y = this.norm.call(x);
    return causal ? this.head.call(y).reshape([-1, outputs]) : this.head.call(y.mean({ axis: 1 }));
  }

  /** Where each of the shared parameters goes; queries, keys and values are one there. */
  places() {
    const places = {
      tok: [this.tok.weight],
      pos: [this.pos.weight],
      normw: [this.norm.weight],
      normb: [this.norm.bias],
    };
    [...this.layers].forEach(({ selfAttn: a, feedForward: f, norm1, norm2 }, i) => {
      const projections = [a.qProj, a.kProj, a.vProj];
      const own = { n1w: [norm1.weight], n1b: [norm1.bias], n2w: [norm2.weight], n2b: [norm2.bias] };
      const maps = { ow: [a.outProj.weight], ob: [a.outProj.bias], upw: [f.linear1.weight], upb: [f.linear1.bias] };
      const rest = { downw: [f.linear2.weight], downb: [f.linear2.bias], qkvw: projections.map((p) => p.weight) };
      const all = { ...own, ...maps, ...rest, qkvb: projections.map((p) => p.bias) };
      for (const [name, where] of Object.entries(all)) places[`${i}.${name}`] = where;
    });
    return { ...places, headw: [this.head.weight], headb: [this.head.bias] };
  }
}

const started = performance.now();
await init({ threads: options.threads, blas: options.blas, simd: options.simd });
const model = new Model();
const places = model.places();
parameters(options).forEach(([name, shape], p) => {
  const all = values(p, name, shape);
  const size = all.length / places[name].length;
  places[name].forEach((where, i) => {
    const part = tensor(all.subarray(i * size, (i + 1) * size), { shape: where.shape });
    assign(where, part);
    part.dispose();
  });
});
const ids = keep(tensor(inputs(options), { shape: [batch, tokens] }));
const first = keep(tensor(inputs(options).slice(0, tokens), { shape: [1, tokens] }));
const positions = keep(tensor(Int32Array.from({ length: tokens }, (_, i) => i)));
const labels = keep(tensor(targets(options)));
const { simd, threads, blas, notes } = backendInfo();
console.log(
  JSON.stringify({ ran: { node: process.version, simd, threads, blas, notes }, readyMs: performance.now() - started }),
);

for (const mode of modes) {
  if (mode === 'train') {
    model.train();
    const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
    const losses = [];
    const step = async () => {
      const loss = crossEntropy(model.call(ids, positions), labels);
      loss.backward();
      optimizer.step();
      losses.push(await loss.item());
    };
    const times = await timed(step, seconds);
    report(load, mode, times, losses.slice(0, 3));
    if (options.profile) {
      const { profile } = await import('@heddle/tensor');
      const { milliseconds, table } = await profile(step);
      console.error(`${milliseconds.toFixed(1)} ms\n${table()}`);
    }
  } else {
    model.eval();
    const x = mode === 'infer1' ? first : ids;
    let check = [];
    const run = async () => {
      const logits = noGrad(() => scope(() => model.call(x, positions)));
      check = Array.from((await logits.data()).subarray(0, 4));
      logits.dispose();
    };
    report(load, mode, await timed(run, seconds), check);
  }
}
process.exit(0);
