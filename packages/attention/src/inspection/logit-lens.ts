// The logit lens (nostalgebraist 2020): what a language model would say if it stopped after each layer.
import { ArgumentError, noGrad, scope, type Tensor } from '@heddle/tensor';
import { requireModule } from '../errors';
import { DecoderLM } from '../models/decoder-lm';
import { EncoderDecoderLM } from '../models/encoder-decoder-lm';
import { type EncoderModel, MaskedLMHead } from '../models/encoder-model';
import type { TextBatch } from '../text-batch';
import { Inspection } from './inspection';

/**
 * Logits from the hidden state before the first layer and after each: the final norm, then the head. The last are the
 * model's own. They are kept: dispose of each in the end.
 *
 * @param target what an encoder–decoder has written so far
 * @returns one tensor a state: `[B, T, vocabSize]`, or what the head of an encoder makes
 * @throws {ArgumentError} where the model has no head.
 * @example
 * ```ts
 * import { Gpt2, gpt2Config, logitLens } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const model = new Gpt2(gpt2Config({ vocabSize: 50, dim: 16, layers: 3, heads: 2, maxLength: 8 })).eval();
 * const layers = logitLens(model, { ids: tensor([[1, 2, 3]], { dtype: 'int32' }) });
 * console.log(layers.length, layers[0].shape); // 4 [1, 3, 50]
 * ```
 */
export function logitLens(
  model: DecoderLM | EncoderDecoderLM | EncoderModel,
  batch: TextBatch,
  target?: TextBatch,
): Tensor[] {
  requireModule('logitLens', model);
  return noGrad(() => {
    using inspect = new Inspection();
    return scope(() => {
      const head = look(model, batch, target, inspect);
      const states = inspect.hiddenStates;
      return states.map((state, i) =>
        head(state, i === states.length - 1)
          .mul(1)
          .keep(),
      );
    });
  });
}

/** Fills the inspection, and says what the head makes of a state; the last one is normalised already. */
function look(
  model: DecoderLM | EncoderDecoderLM | EncoderModel,
  batch: TextBatch,
  target: TextBatch | undefined,
  inspect: Inspection,
): (state: Tensor, last: boolean) => Tensor {
  if (model instanceof DecoderLM || model instanceof EncoderDecoderLM) {
    if (model instanceof DecoderLM) model.call(batch, { inspect });
    else if (target === undefined) throw new ArgumentError('logitLens', 'target', 'what is written so far', 'nothing');
    else model.call(batch, target, { inspect });
    const { norm } = model.decoder;
    return (state, last) => model.logits(last || norm === null ? state : norm.call(state));
  }
  const { head, wordEmbedding } = model;
  if (head === null) throw new ArgumentError('logitLens', 'model', 'one with a head', 'none');
  model.call(batch, { inspect });
  return (state) => (head instanceof MaskedLMHead ? head.call(state, wordEmbedding) : head.call(state));
}
