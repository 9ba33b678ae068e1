// Writes a workload's Gpt2 to the folder that is named, for whoever measures what loading it costs: not that process, whose
// memory it would fill.
import { Gpt2, gpt2Config } from '@heddle/attention';
import { init } from '@heddle/tensor';
import { skipInit } from '@heddle/tensor/nn';
import { flags } from './shared.mjs';
import { fill } from './weights.mjs';

const options = flags({ folder: { type: 'string' } });
const { tokens, dim, heads, layers, vocabulary, folder } = options;
await init({ threads: 1 });
const config = { vocabSize: vocabulary, maxLength: tokens, dim, heads, layers, activation: 'gelu', eosIds: [] };
const model = skipInit(() => new Gpt2(gpt2Config(config)));
const { embedding, positionEmbedding, decoder } = model;
fill(options, decoder.layers, {
  tok: [embedding.weight],
  pos: [positionEmbedding.table.weight],
  normw: [decoder.norm.weight],
  normb: [decoder.norm.bias],
});
await model.savePretrained(folder);
process.exit(0);
