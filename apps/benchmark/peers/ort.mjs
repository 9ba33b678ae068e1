// ONNX Runtime's process of the speed suite: inference only. `--package node` (native) or `web` (wasm).
import { createRequire } from 'node:module';
import { onnxModel } from './onnx.mjs';
import { flags, inputs, report, timed } from './shared.mjs';

const options = flags({ package: { type: 'string', default: 'node' } });
const { load, modes, seconds, threads, batch, tokens } = options;
const require = createRequire(import.meta.url);
const ort = require(`onnxruntime-${options.package}`);
if (options.package === 'web') ort.env.wasm.numThreads = threads;
const { model, output } = onnxModel(options);
const session = await ort.InferenceSession.create(new Uint8Array(model), {
  executionProviders: [options.package === 'web' ? 'wasm' : 'cpu'],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
});
for (const mode of modes) {
  if (mode === 'train') continue;
  const n = mode === 'infer1' ? 1 : batch;
  const ids = BigInt64Array.from(inputs(options).subarray(0, n * tokens), BigInt);
  const x = new ort.Tensor('int64', ids, [n, tokens]);
  let check = [];
  const times = await timed(async () => {
    check = Array.from((await session.run({ ids: x }))[output].data.slice(0, 4));
  }, seconds);
  report(load, mode, times, check);
}
process.exit(0);
