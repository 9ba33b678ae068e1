// Writes a workload as an ONNX model (opset 20), so that ONNX Runtime runs the very weights that the others have.
import { parameters, values } from './shared.mjs';

const FLOAT = 1;
const INT64 = 7;

// Protocol buffers, as much of them as ONNX needs: varints, and fields of bytes.
function varint(n) {
  const out = [];
  for (let x = BigInt.asUintN(64, BigInt(n)); ; x >>= 7n) {
    if (x < 128n) return Buffer.from([...out, Number(x)]);
    out.push(Number(x & 127n) | 128);
  }
}
const int = (field, n) => Buffer.concat([varint(field << 3), varint(n)]);
const bytes = (field, data) => {
  const content = typeof data === 'string' ? Buffer.from(data) : data;
  return Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
};
const message = (...fields) => Buffer.concat(fields);
const float = (field, x) => {
  const data = Buffer.alloc(4);
  data.writeFloatLE(x);
  return Buffer.concat([varint((field << 3) | 5), data]);
};

function attribute(name, value) {
  if (Array.isArray(value)) return message(bytes(1, name), ...value.map((n) => int(8, n)), int(20, 7));
  if (Number.isInteger(value)) return message(bytes(1, name), int(3, value), int(20, 2));
  return message(bytes(1, name), float(2, value), int(20, 1));
}

function tensor(name, shape, data) {
  const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const type = data instanceof Float32Array ? FLOAT : INT64;
  return message(...shape.map((n) => int(1, n)), int(2, type), bytes(8, name), bytes(9, raw));
}

function valueInfo(name, type, shape) {
  const dims = shape.map((n) => bytes(1, typeof n === 'string' ? bytes(2, n) : int(1, n)));
  return message(bytes(1, name), bytes(2, bytes(1, message(int(1, type), bytes(2, message(...dims))))));
}

// A graph under construction: nodes by op, the workload's weights (maps turned around, as MatMul wants them), constants.
class Graph {
  #nodes = [];
  #initializers = [];
  #count = 0;

  constructor(workload) {
    for (const [p, [name, shape]] of parameters(workload).entries()) {
      const data = values(p, name, shape);
      const isMap = shape.length === 2 && name !== 'tok' && name !== 'pos';
      const weight = isMap ? tensor(name, [shape[1], shape[0]], transpose(data, shape)) : tensor(name, shape, data);
      this.#initializers.push(weight);
    }
  }

  /** `outs`: how many outputs there are, or their names. */
  add(op, inputs, attributes = {}, outs = 1) {
    const names = Array.isArray(outs) ? outs : Array.from({ length: outs }, () => `t${this.#count++}`);
    const attrs = Object.entries(attributes).map(([name, value]) => bytes(5, attribute(name, value)));
    const wires = [...inputs.map((x) => bytes(1, x)), ...names.map((x) => bytes(2, x))];
    this.#nodes.push(message(...wires, bytes(4, op), ...attrs));
    return names.length === 1 ? names[0] : names;
  }

  constant(data, shape = [data.length]) {
    const name = `c${this.#count++}`;
    this.#initializers.push(tensor(name, shape, data));
    return name;
  }

  ints(...list) {
    return this.constant(BigInt64Array.from(list, BigInt));
  }

  linear(x, w, b) {
    return this.add('Add', [this.add('MatMul', [x, w]), b]);
  }

  norm(x, w, b) {
    return this.add('LayerNormalization', [x, w, b], { axis: -1, epsilon: 1e-5 });
  }

  /** The pre-norm layers. `remember(i, k, v)` may add earlier keys [B, H, S, D] and values; `mask` is added to scores. */
  layers(x, { dim, heads, layers }, { mask, remember = (_, k, v) => [k, v] }) {
    const split = this.ints(dim, dim, dim);
    const byHead = this.ints(0, -1, heads, dim / heads);
    const whole = this.ints(0, -1, dim);
    const scale = this.constant(Float32Array.of(1 / Math.sqrt(dim / heads)), [1]);
    for (let i = 0; i < layers; i++) {
      const w = (name) => `${i}.${name}`;
      const qkv = this.linear(this.norm(x, w('n1w'), w('n1b')), w('qkvw'), w('qkvb'));
      const parts = this.add('Split', [qkv, split], { axis: 2 }, 3).map((t) => this.add('Reshape', [t, byHead]));
      const [q, ...own] = parts.map((t) => this.add('Transpose', [t], { perm: [0, 2, 1, 3] }));
      const [k, v] = remember(i, ...own);
      const products = this.add('MatMul', [q, this.add('Transpose', [k], { perm: [0, 1, 3, 2] })]);
      const scaled = this.add('Mul', [products, scale]);
      const weights = this.add('Softmax', [mask === undefined ? scaled : this.add('Add', [scaled, mask])], {
        axis: -1,
      });
      const attended = this.add('Transpose', [this.add('MatMul', [weights, v])], { perm: [0, 2, 1, 3] });
      x = this.add('Add', [x, this.linear(this.add('Reshape', [attended, whole]), w('ow'), w('ob'))]);
      const up = this.add('Gelu', [this.linear(this.norm(x, w('n2w'), w('n2b')), w('upw'), w('upb'))]);
      x = this.add('Add', [x, this.linear(up, w('downw'), w('downb'))]);
    }
    return this.norm(x, 'normw', 'normb');
  }

  model(inputs, outputs) {
    const graph = message(
      ...this.#nodes.map((node) => bytes(1, node)),
      bytes(2, 'transformer'),
      ...this.#initializers.map((initializer) => bytes(5, initializer)),
      ...inputs.map(([name, type, shape]) => bytes(11, valueInfo(name, type, shape))),
      ...outputs.map(([name, type, shape]) => bytes(12, valueInfo(name, type, shape))),
    );
    return message(int(1, 9), bytes(7, graph), bytes(8, message(int(2, 20))));
  }
}

/** The bytes of a classifier or of the decoder: input `ids` [B, tokens] (int64), output logits [B(, tokens), outputs]. */
export function onnxModel(workload) {
  const { tokens, outputs, causal = false } = workload;
  const graph = new Graph(workload);
  const mask = causal ? graph.constant(causalMask(tokens), [tokens, tokens]) : undefined;
  const x = graph.layers(graph.add('Add', [graph.add('Gather', ['tok', 'ids']), 'pos']), workload, { mask });
  const pooled = causal ? x : graph.add('ReduceMean', [x, graph.ints(1)], { keepdims: 0 });
  const logits = graph.linear(pooled, 'headw', 'headb');
  const shape = causal ? ['B', tokens, outputs] : ['B', outputs];
  return { model: graph.model([['ids', INT64, ['B', tokens]]], [[logits, FLOAT, shape]]), output: logits };
}

/**
 * The bytes of the generating workload: inputs `ids` [B, T], `positions` [T], `mask` [T, P + T] that is added to the
 * scores, `past.i.k` and `past.i.v` [B, H, P, D]; outputs the last token's logits, and keys and values of all tokens.
 */
export function onnxGenerator(workload) {
  const graph = new Graph(workload);
  const written = generator(graph, workload, { ids: 'ids', positions: 'positions', mask: 'mask' }, [
    'past',
    'now',
    'k',
    'v',
  ]);
  const logits = graph.add('Gemm', [written.last, 'tok'], { transB: 1 });
  const inputs = [
    ['ids', INT64, ['B', 'T']],
    ['positions', INT64, ['T']],
    ['mask', FLOAT, ['T', 'S']],
    ...written.inputs,
  ];
  const outputs = [[logits, FLOAT, ['B', workload.vocabulary]], ...written.outputs];
  return { model: graph.model(inputs, outputs), output: logits, slots: written.slots, cache: written.cache };
}

/** The same as transformers.js wants it: with the names of its exports, and the mask made of what is real. */
export function onnxExport(workload) {
  const graph = new Graph(workload);
  // The scores' mask [B, 1, T, S]: keys behind a token's own position are hidden.
  const length = graph.add('Gather', [
    graph.add('Shape', ['attention_mask']),
    graph.constant(BigInt64Array.of(1n), []),
  ]);
  const keys = graph.add('Range', [
    graph.constant(BigInt64Array.of(0n), []),
    length,
    graph.constant(BigInt64Array.of(1n), []),
  ]);
  const own = graph.add('Unsqueeze', ['position_ids', graph.ints(1, 3)]);
  const [shown, hidden] = [0, -Infinity].map((x) => graph.constant(Float32Array.of(x), []));
  const mask = graph.add('Where', [graph.add('Greater', [keys, own]), hidden, shown]);
  const places = { ids: 'input_ids', positions: 'position_ids', mask };
  const { last, inputs, outputs } = generator(graph, workload, places, ['past_key_values', 'present', 'key', 'value']);
  const logits = graph.add('Gemm', [last, 'tok'], { transB: 1 });
  graph.add('Unsqueeze', [logits, graph.ints(1)], {}, ['logits']);
  const texts = ['input_ids', 'attention_mask', 'position_ids'];
  return graph.model(
    [...texts.map((name) => [name, INT64, ['B', name === 'attention_mask' ? 'S' : 'T']]), ...inputs],
    [['logits', FLOAT, ['B', 1, workload.vocabulary]], ...outputs],
  );
}

// The decoder with its cache: the last token before the head [B, dim], and names of keys and values that go in and out.
function generator(graph, workload, { ids, positions, mask }, [past, present, key, value]) {
  const { dim, heads, layers } = workload;
  const named = (prefix) =>
    Array.from({ length: layers }, (_, i) => [`${prefix}.${i}.${key}`, `${prefix}.${i}.${value}`]);
  const [slots, cache] = [named(past), named(present)];
  const remember = (i, ...own) => own.map((x, j) => graph.add('Concat', [slots[i][j], x], { axis: 2 }, [cache[i][j]]));
  const embedded = graph.add('Add', [graph.add('Gather', ['tok', ids]), graph.add('Gather', ['pos', positions])]);
  const x = graph.layers(embedded, workload, { mask, remember });
  return {
    last: graph.add('Gather', [x, graph.constant(BigInt64Array.of(-1n), [])], { axis: 1 }),
    slots: slots.flat(),
    cache: cache.flat(),
    inputs: slots.flat().map((name) => [name, FLOAT, ['B', heads, 'P', dim / heads]]),
    outputs: cache.flat().map((name) => [name, FLOAT, ['B', heads, 'S', dim / heads]]),
  };
}

function causalMask(n) {
  return Float32Array.from({ length: n * n }, (_, i) => (i % n > Math.floor(i / n) ? -Infinity : 0));
}

function transpose(data, [rows, columns]) {
  const out = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j];
  return out;
}
