// Heddle's process of the generating workload: a Gpt2 with the shared weights, through `generate`.
import { Gpt2, gpt2Config } from '@heddle/attention';
import { backendInfo, init } from '@heddle/tensor';
import { quantize, skipInit } from '@heddle/tensor/nn';
import { flags, promptOf, reportGeneration } from './shared.mjs';
import { fill } from './weights.mjs';

const options = flags({ blas: { type: 'string', default: 'off' }, int8: { type: 'boolean', default: false } });
const { threads, tokens, dim, heads, layers, vocabulary, length } = options;
await init({ threads, blas: options.blas });
const config = { vocabSize: vocabulary, maxLength: tokens, dim, heads, layers, activation: 'gelu', eosIds: [] };
const model = skipInit(() => new Gpt2(gpt2Config(config)));
const { embedding, positionEmbedding, decoder } = model;
fill(options, decoder.layers, {
  tok: [embedding.weight],
  pos: [positionEmbedding.table.weight],
  normw: [decoder.norm.weight],
  normb: [decoder.norm.bias],
});
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
