// Heddle's process of the generating workload: a Gpt2 with the shared weights, through `generate`.
import { backendInfo, init } from '@heddle/tensor';
import { halve, quantize } from '@heddle/tensor/nn';
import { gpt2Of } from './heddle-gpt2.mjs';
import { flags, promptOf, reportGeneration } from './shared.mjs';

const options = flags({ blas: { type: 'string', default: 'off' }, weights: { type: 'string', default: 'float32' } });
const { threads, length, weights } = options;
await init({ threads, blas: options.blas });
const model = gpt2Of(options);
model.eval();
if (weights === 'int8') await quantize(model);
else if (weights !== 'float32') await halve(model, { format: weights });
const { simd, threads: ran, blas, notes } = backendInfo();
console.log(JSON.stringify({ ran: { node: process.version, simd, threads: ran, blas, notes } }));
await reportGeneration(options, async () => {
  const [{ newIds }] = await model.generate([promptOf(options)], { maxNewTokens: length });
  // Rounded weights may choose other tokens.
  return weights === 'float32' ? newIds : [];
});
process.exit(0);
