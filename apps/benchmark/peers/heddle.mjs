// Heddle's process of the speed suite: one workload, trained and run with the built packages, as a user would write it.
// Usage: node heddle.mjs --load tiny --modes train,infer,infer1 --threads 2 [--blas off|auto] [--simd auto|plain|relaxed]
// In a page, through gpu/run.mjs: --gpu webgpu|webgl2 [--kernels auto|portable]
import { EncoderLayer } from '@heddle/attention';
import { backendInfo, crossEntropy, init, keep, noGrad, scope, tensor } from '@heddle/tensor';
import { Embedding, LayerNorm, Linear, Module, ModuleList, skipInit } from '@heddle/tensor/nn';
import { Adam } from '@heddle/tensor/optim';
import { flags, inputs, report, targets, timed, VOCABULARY } from './shared.mjs';
import { fill } from './weights.mjs';

const options = flags({
  blas: { type: 'string', default: 'off' },
  simd: { type: 'string', default: 'auto' },
  profile: { type: 'boolean', default: false },
  gpu: { type: 'string', default: '' },
  kernels: { type: 'string', default: 'auto' },
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
}

const started = performance.now();
await init(
  options.gpu === ''
    ? { threads: options.threads, blas: options.blas, simd: options.simd }
    : { backend: 'gpu', gpu: { mode: options.gpu, kernels: options.kernels } },
);
const model = skipInit(() => new Model());
fill(options, model.layers, {
  tok: [model.tok.weight],
  pos: [model.pos.weight],
  normw: [model.norm.weight],
  normb: [model.norm.bias],
  headw: [model.head.weight],
  headb: [model.head.bias],
});
const ids = keep(tensor(inputs(options), { shape: [batch, tokens] }));
const first = keep(tensor(inputs(options).slice(0, tokens), { shape: [1, tokens] }));
const positions = keep(tensor(Int32Array.from({ length: tokens }, (_, i) => i)));
const labels = keep(tensor(targets(options)));
const { simd, threads, blas, notes, gpu } = backendInfo();
const ran = gpu === undefined ? { node: process.version, simd, threads, blas, notes } : { notes, gpu };
console.log(JSON.stringify({ ran, readyMs: performance.now() - started }));

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
