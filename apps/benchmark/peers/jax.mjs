// jax-js's process of the speed suite, on its wasm backend, or in a page on --gpu webgpu: the whole step in one jit. Node has no Worker of the web's
// kind, so with more than one thread it gets one over worker_threads; without, it would run on one thread and not say so.
import { Worker as NodeWorker } from 'node:worker_threads';
import { flags, inputs, parameters, report, targets, timed, values } from './shared.mjs';

const options = flags({ gpu: { type: 'string', default: 'wasm' } });
const { load, modes, seconds, threads, batch, tokens, dim, heads, layers, outputs, causal = false } = options;
if (threads > 1) giveWorkers(threads);

// Imported late: it looks for Worker as it loads.
const jax = await import('@jax-js/jax');
const { numpy: np, nn, jit, valueAndGrad, tree } = jax;
await jax.init(options.gpu);
jax.defaultDevice(options.gpu);

let params = {};
for (const [i, [name, shape]] of parameters(options).entries()) {
  const t = np.array(values(i, name, shape), { shape });
  params[name] = shape.length === 2 && name !== 'tok' && name !== 'pos' ? t.transpose() : t;
}
const intArray = (data, shape) => np.array(data, { shape, dtype: np.int32 });
const ids = intArray(inputs(options), [batch, tokens]);
const labels = intArray(targets(options), [causal ? batch * tokens : batch]);
const norm = (x, w, b) => nn.standardize(x, -1).mul(w).add(b);

function forward(p, x0, n) {
  let x = np.take(p.tok, x0, 0).add(p.pos);
  for (let i = 0; i < layers; i++) {
    const w = (name) => p[`${i}.${name}`];
    const parts = np.split(np.matmul(norm(x.ref, w('n1w'), w('n1b')), w('qkvw')).add(w('qkvb')), 3, -1);
    const [q, k, v] = parts.map((t) => t.reshape([n, tokens, heads, dim / heads]));
    x = x.add(
      np.matmul(nn.dotProductAttention(q, k, v, { isCausal: causal }).reshape([n, tokens, dim]), w('ow')).add(w('ob')),
    );
    const up = nn.gelu(np.matmul(norm(x.ref, w('n2w'), w('n2b')), w('upw')).add(w('upb')), { approximate: false });
    x = x.add(np.matmul(up, w('downw')).add(w('downb')));
  }
  const y = norm(x, p.normw, p.normb);
  return np.matmul(causal ? y.reshape([n * tokens, dim]) : y.mean(1), p.headw).add(p.headb);
}

for (const mode of modes) {
  if (mode === 'train') await train();
  else {
    const n = mode === 'infer1' ? 1 : batch;
    const run = jit((p, i) => forward(p, i, n));
    const x = intArray(inputs(options).slice(0, n * tokens), [n, tokens]);
    let check = [];
    const times = await timed(async () => {
      check = Array.from((await run(tree.ref(params), x.ref).data()).subarray(0, 4));
    }, seconds);
    report(load, mode, times, check);
  }
}
process.exit(0);

async function train() {
  const cost = (p, x, y) =>
    nn
      .logSoftmax(forward(p, x, batch), -1)
      .mul(nn.oneHot(y, outputs))
      .sum()
      .mul(-1 / labels.size);
  const step = jit((p, m, v, t, x, y) => {
    const [loss, g] = valueAndGrad(cost)(tree.ref(p), x, y);
    const c1 = np.array(1).sub(np.power(0.9, t.ref));
    const c2 = np.array(1).sub(np.power(0.999, t.ref));
    const [P, structure] = tree.flatten(p);
    const [[M], [V], [G]] = [tree.flatten(m), tree.flatten(v), tree.flatten(g)];
    const next = { p: [], m: [], v: [] };
    P.forEach((w, i) => {
      const mi = M[i].mul(0.9).add(G[i].ref.mul(0.1));
      const vi = V[i].mul(0.999).add(G[i].ref.mul(G[i]).mul(0.001));
      next.m.push(mi.ref);
      next.v.push(vi.ref);
      next.p.push(
        w.sub(
          mi
            .div(c1.ref)
            .div(np.sqrt(vi.div(c2.ref)).add(1e-8))
            .mul(1e-3),
        ),
      );
    });
    c1.dispose();
    c2.dispose();
    const [p2, m2, v2] = [next.p, next.m, next.v].map((list) => tree.unflatten(structure, list));
    return [loss, p2, m2, v2, t.add(1)];
  });
  const zeros = () => tree.map((w) => np.zeros(w.shape), params);
  let [m, v, t, loss] = [zeros(), zeros(), np.array(1)];
  const losses = [];
  const times = await timed(async () => {
    [loss, params, m, v, t] = step(params, m, v, t, ids.ref, labels.ref);
    await jax.blockUntilReady(params);
    losses.push((await loss.data())[0]);
  }, seconds);
  report(load, 'train', times, losses.slice(0, 3));
}

function giveWorkers(count) {
  const navigator = { userAgent: 'node', hardwareConcurrency: count };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  const blobs = new Map();
  const create = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    const url = create.call(URL, blob);
    blobs.set(url, blob);
    return url;
  };
  const prelude = `const { parentPort } = require('node:worker_threads');
    globalThis.self = globalThis;
    globalThis.postMessage = (message, list) => parentPort.postMessage(message, list);
    globalThis.addEventListener ??= (name, f) => parentPort.on('message', (data) => f({ data }));
    let handler;
    Object.defineProperty(globalThis, 'onmessage', { set(f) { handler = f; }, get() { return handler; } });
    parentPort.on('message', (data) => handler?.({ data }));
    parentPort.ref();\n`;
  globalThis.Worker = class {
    #queue = [];
    #worker;
    onmessage;
    onerror;
    constructor(url) {
      blobs
        .get(String(url))
        .text()
        .then((code) => {
          this.#worker = new NodeWorker(prelude + code, { eval: true });
          this.#worker.on('message', (data) => this.onmessage?.({ data }));
          this.#worker.on('error', (error) => this.onerror?.(error));
          for (const message of this.#queue) this.#worker.postMessage(...message);
        });
    }
    postMessage(...message) {
      if (this.#worker) this.#worker.postMessage(...message);
      else this.#queue.push(message);
    }
    addEventListener(name, f) {
      this[`on${name}`] = f;
    }
    terminate() {
      this.#worker?.terminate();
    }
  };
}
