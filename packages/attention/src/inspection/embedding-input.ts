// What a model makes of a text when the vectors of its tokens are other ones: where attributions begin.
import { type AnyTensor, ArgumentError, noGrad, type Tensor } from '@heddle/tensor';
import { Embedding, HalfEmbedding, type Module } from '@heddle/tensor/nn';

/** Runs `call` with `replace` in the place of what the first embedding of the model gives. */
function withFirstEmbedding<T>(model: Module, replace: (vectors: Tensor) => Tensor, call: () => T): T {
  let first = true;
  const changed: Module[] = [];
  for (const { module } of model.namedModules()) {
    if (!(module instanceof Embedding || module instanceof HalfEmbedding)) continue;
    const plain = module.forward.bind(module);
    const forward = (ids: AnyTensor): Tensor => {
      const vectors = plain(ids);
      if (!first) return vectors;
      first = false;
      return replace(vectors);
    };
    changed.push(module);
    Object.defineProperty(module, 'forward', { value: forward, enumerable: false, configurable: true });
  }
  try {
    const result = call();
    if (first) throw new ArgumentError('attribution', 'model', 'one that begins with an embedding', 'none was called');
    return result;
  } finally {
    for (const module of changed) Reflect.deleteProperty(module, 'forward');
  }
}

/** The vectors of a text's tokens as the model looks them up, `[B, T, D]`. */
export function embeddingsOf(model: Module, call: () => unknown): Tensor {
  return noGrad(() => {
    let found: Tensor | null = null;
    withFirstEmbedding(
      model,
      (vectors) => {
        found = vectors.mul(1).keep();
        return vectors;
      },
      call,
    );
    if (found === null) throw new ArgumentError('attribution', 'model', 'one that begins with an embedding', 'none');
    return found;
  });
}

/** What the model makes of other vectors. */
export function withEmbeddings(model: Module, vectors: Tensor, call: () => Tensor): Tensor {
  return withFirstEmbedding(model, () => vectors, call);
}
