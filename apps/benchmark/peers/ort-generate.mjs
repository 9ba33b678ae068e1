// ONNX Runtime's process of the generating workload, driven as transformers.js drives it: keys and values go in and out.
import { createRequire } from 'node:module';
import { onnxGenerator } from './onnx.mjs';
import { flags, likeliest, promptOf, reportGeneration } from './shared.mjs';

const options = flags({ package: { type: 'string', default: 'node' } });
const { threads, dim, heads, length } = options;
const require = createRequire(import.meta.url);
const ort = require(`onnxruntime-${options.package}`);
if (options.package === 'web') ort.env.wasm.numThreads = threads;
const { model, output, slots, cache } = onnxGenerator(options);
const session = await ort.InferenceSession.create(new Uint8Array(model.buffer, model.byteOffset, model.byteLength), {
  executionProviders: [options.package === 'web' ? 'wasm' : 'cpu'],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
});
const integers = (list, shape) => new ort.Tensor('int64', BigInt64Array.from(list, BigInt), shape);

await reportGeneration(options, async () => {
  const ids = [];
  let next = promptOf(options);
  let past = 0;
  let held = slots.map(() => new ort.Tensor('float32', new Float32Array(0), [1, heads, 0, dim / heads]));
  while (ids.length < length) {
    const T = next.length;
    const S = past + T;
    const mask = Float32Array.from({ length: T * S }, (_, i) => (i % S > past + Math.floor(i / S) ? -Infinity : 0));
    const found = await session.run({
      ids: integers(next, [1, T]),
      positions: integers(
        next.map((_, i) => past + i),
        [T],
      ),
      mask: new ort.Tensor('float32', mask, [T, S]),
      ...Object.fromEntries(slots.map((name, i) => [name, held[i]])),
    });
    held = cache.map((name) => found[name]);
    past = S;
    next = [likeliest(found[output].data)];
    ids.push(next[0]);
  }
  return ids;
});
process.exit(0);
