// The speed suite's models in TensorFlow.js, on whichever backend is set. The wasm backend has no embedding
// gradient (UnsortedSegmentSum is not registered), so it trains from dense input everywhere.
import { inputs, parameters, report, targets, timed, values } from './shared.mjs';

/** Measures the modes that the options ask for. */
export async function measureTfjs(tf, options) {
  const { load, modes, seconds, batch, tokens, dim, heads, layers, outputs, causal = false } = options;
  const p = {};
  for (const [i, [name, shape]] of parameters(options).entries()) {
    const t = tf.tensor(values(i, name, shape), shape);
    // Weights the way round that its matMul is fast with.
    const linear = shape.length === 2 && name !== 'tok' && name !== 'pos';
    p[name] = tf.variable(linear ? t.transpose() : t);
  }
  const norm = (x, w, b) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return x.sub(mean).mul(variance.add(1e-5).rsqrt()).mul(w).add(b);
  };
  const linear = (x, w, b) => {
    const [n, t, i] = x.shape;
    return x
      .reshape([n * t, i])
      .matMul(w)
      .add(b)
      .reshape([n, t, w.shape[1]]);
  };
  const gelu = (x) => x.mul(0.5).mul(x.mul(Math.SQRT1_2).erf().add(1));
  // erf has no gradient there; the tanh form trains.
  const geluTanh = (x) =>
    x.mul(0.5).mul(
      x
        .add(x.mul(x).mul(x).mul(0.044715))
        .mul(Math.sqrt(2 / Math.PI))
        .tanh()
        .add(1),
    );

  // −∞ gives NaN there.
  const mask = causal
    ? tf.linalg
        .bandPart(tf.ones([tokens, tokens]), -1, 0)
        .sub(1)
        .mul(1e9)
    : null;

  function encode(embedded, act) {
    let x = embedded.add(p.pos);
    const n = x.shape[0];
    for (let i = 0; i < layers; i++) {
      const w = (name) => p[`${i}.${name}`];
      const parts = tf.split(linear(norm(x, w('n1w'), w('n1b')), w('qkvw'), w('qkvb')), 3, -1);
      const [q, k, v] = parts.map((t) => t.reshape([n, tokens, heads, dim / heads]).transpose([0, 2, 1, 3]));
      const scores = tf.matMul(q, k, false, true).mul(1 / Math.sqrt(dim / heads));
      const weights = tf.softmax(causal ? scores.add(mask) : scores);
      const attended = tf.matMul(weights, v).transpose([0, 2, 1, 3]).reshape([n, tokens, dim]);
      x = x.add(linear(attended, w('ow'), w('ob')));
      x = x.add(linear(act(linear(norm(x, w('n2w'), w('n2b')), w('upw'), w('upb'))), w('downw'), w('downb')));
    }
    const y = norm(x, p.normw, p.normb);
    return (causal ? y.reshape([n * tokens, dim]) : y.mean(1)).matMul(p.headw).add(p.headb);
  }

  const ids = tf.tensor(inputs(options), [batch, tokens], 'int32');
  for (const mode of modes) {
    if (mode === 'train') {
      const y = tf.oneHot(tf.tensor1d(targets(options), 'int32'), outputs).toFloat();
      const dense = tf.tidy(() => tf.gather(p.tok, ids));
      const optimizer = tf.train.adam(1e-3);
      const losses = [];
      const trained = Object.entries(p)
        .filter(([name]) => name !== 'tok')
        .map(([, variable]) => variable);
      const times = await timed(async () => {
        const cost = () => tf.losses.softmaxCrossEntropy(y, encode(dense, geluTanh));
        const loss = optimizer.minimize(cost, true, trained);
        losses.push((await loss.data())[0]);
        loss.dispose();
      }, seconds);
      report(load, mode, times, losses.slice(0, 1));
    } else {
      const x = ids.slice([0, 0], [mode === 'infer1' ? 1 : batch, tokens]);
      let check = [];
      const times = await timed(async () => {
        const logits = tf.tidy(() => encode(tf.gather(p.tok, x), gelu));
        check = Array.from((await logits.data()).subarray(0, 4));
        logits.dispose();
      }, seconds);
      report(load, mode, times, check);
    }
  }
}
