// Heddle's process of the generating workload: a Gpt2 with the shared weights, through `generate`.
import { backendInfo, init } from '@heddle/tensor';
import { quantize } from '@heddle/tensor/nn';
import { gpt2Of } from './heddle-gpt2.mjs';
import { flags, promptOf, reportGeneration } from './shared.mjs';

const options = flags({ blas: { type: 'string', default: 'off' }, int8: { type: 'boolean', default: false } });
const { threads, length } = options;
await init({ threads, blas: options.blas });
const model = gpt2Of(options);
model.eval();
if (options.int8) await quantize(model);
const { simd, threads: ran, blas, notes } = backendInfo();
console.log(JSON.stringify({ ran: { node: process.version, simd, threads: ran, blas, notes } }));
await reportGeneration(options, async () => {
  const [{ newIds }] = await model.generate([promptOf(options)], { maxNewTokens: length });
  // Rounded weights may choose other tokens.
  return options.int8 ? [] : newIds;
});
process.exit(0);
