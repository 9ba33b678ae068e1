// Heddle's Gpt2 of a workload's sizes, with the weights that all peers have.
import { Gpt2, gpt2Config } from '@heddle/attention';
import { skipInit } from '@heddle/tensor/nn';
import { fill } from './weights.mjs';

/** Makes the model that `flags` describe. */
export function gpt2Of(options) {
  const { tokens, dim, heads, layers, vocabulary } = options;
  const config = { vocabSize: vocabulary, maxLength: tokens, dim, heads, layers, activation: 'gelu', eosIds: [] };
  const model = skipInit(() => new Gpt2(gpt2Config(config)));
  const { embedding, positionEmbedding, decoder } = model;
  fill(options, decoder.layers, {
    tok: [embedding.weight],
    pos: [positionEmbedding.table.weight],
    normw: [decoder.norm.weight],
    normb: [decoder.norm.bias],
  });
  return model;
}
