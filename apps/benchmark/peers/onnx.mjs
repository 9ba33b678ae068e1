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

/** The bytes of the model: input `ids` [B, tokens] (int64), output `logits` [B, outputs]. */
export function onnxModel(workload) {
  const { tokens, dim, heads, layers, outputs } = workload;
  const nodes = [];
  const initializers = [];
  let count = 0;
  const add = (op, inputs, attributes = {}, outs = 1) => {
    const names = Array.from({ length: outs }, () => `t${count++}`);
    const attrs = Object.entries(attributes).map(([name, value]) => bytes(5, attribute(name, value)));
    nodes.push(message(...inputs.map((x) => bytes(1, x)), ...names.map((x) => bytes(2, x)), bytes(4, op), ...attrs));
    return outs === 1 ? names[0] : names;
  };
  const constant = (data, shape = [data.length]) => {
    const name = `c${count++}`;
    initializers.push(tensor(name, shape, data));
    return name;
  };
  for (const [p, [name, shape]] of parameters(workload).entries()) {
    const data = values(p, name, shape);
    const isMap = shape.length === 2 && name !== 'tok' && name !== 'pos';
    initializers.push(isMap ? tensor(name, [shape[1], shape[0]], transpose(data, shape)) : tensor(name, shape, data));
  }
  const ints = (...list) => constant(BigInt64Array.from(list, BigInt));
  const linear = (x, w, b) => add('Add', [add('MatMul', [x, w]), b]);
  const norm = (x, w, b) => add('LayerNormalization', [x, w, b], { axis: -1, epsilon: 1e-5 });
  const split = ints(dim, dim, dim);
  const byHead = ints(0, tokens, heads, dim / heads);
  const whole = ints(0, tokens, dim);
  const scale = constant(Float32Array.of(1 / Math.sqrt(dim / heads)), [1]);

  let x = add('Add', [add('Gather', ['tok', 'ids']), 'pos']);
  for (let i = 0; i < layers; i++) {
    const w = (name) => `${i}.${name}`;
    const qkv = linear(norm(x, w('n1w'), w('n1b')), w('qkvw'), w('qkvb'));
    const [q, k, v] = add('Split', [qkv, split], { axis: 2 }, 3).map((t) => add('Reshape', [t, byHead]));
    const [q2, v2] = [q, v].map((t) => add('Transpose', [t], { perm: [0, 2, 1, 3] }));
    const scores = add('MatMul', [q2, add('Transpose', [k], { perm: [0, 2, 3, 1] })]);
    const weights = add('Softmax', [add('Mul', [scores, scale])], { axis: -1 });
    const attended = add('Transpose', [add('MatMul', [weights, v2])], { perm: [0, 2, 1, 3] });
    x = add('Add', [x, linear(add('Reshape', [attended, whole]), w('ow'), w('ob'))]);
    const up = add('Gelu', [linear(norm(x, w('n2w'), w('n2b')), w('upw'), w('upb'))]);
    x = add('Add', [x, linear(up, w('downw'), w('downb'))]);
  }
  const pooled = add('ReduceMean', [norm(x, 'normw', 'normb'), ints(1)], { keepdims: 0 });
  const logits = linear(pooled, 'headw', 'headb');
  const graph = message(
    ...nodes.map((node) => bytes(1, node)),
    bytes(2, 'encoder'),
    ...initializers.map((initializer) => bytes(5, initializer)),
    bytes(11, valueInfo('ids', INT64, ['B', tokens])),
    bytes(12, valueInfo(logits, FLOAT, ['B', outputs])),
  );
  return { model: message(int(1, 9), bytes(7, graph), bytes(8, message(int(2, 20)))), output: logits };
}

function transpose(data, [rows, columns]) {
  const out = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j];
  return out;
}
