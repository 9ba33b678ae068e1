// Which tokens made a model decide as it did, by gradients: integrated along a path (Sundararajan et al. 2017), or at the
// text itself.
import { ArgumentError, argmax, grad, keep, noGrad, oneHot, scope, Tensor, tensor } from '@heddle/tensor';
import type { Module } from '@heddle/tensor/nn';
import { requireModule, requireOptions, requireWhole } from '../errors';
import type { TextBatch } from '../text-batch';
import { embeddingsOf, withEmbeddings } from './embedding-input';

/** A model that makes logits of texts: a classifier, a language model, any of the package's. */
export type TextModelLike = Module & { forward(batch: TextBatch): Tensor };

/**
 * What is to be explained: a class (or one for each text), or a function from the model's output to a number for each
 * text, `[B]`. Where nothing is said, the largest logit: of the text, or of a language model's last token.
 */
export type AttributionTarget = number | readonly number[] | ((output: Tensor) => Tensor);

/** What attributions may be told. */
export interface AttributionOptions {
  readonly target?: AttributionTarget | undefined;
}

/** What integrated gradients may be told. */
export interface IntegratedGradientsOptions extends AttributionOptions {
  /** Points on the path: 32 where nothing is said. */
  readonly steps?: number;
  /** Where the path begins, broadcastable to the embeddings `[B, T, D]`: zeros where nothing is said. */
  readonly baseline?: Tensor | undefined;
}

/** Attributions of tokens. */
export interface Attributions {
  /** What each token counted for, `[B, T]`. */
  readonly tokens: Tensor;
  /** What was explained, for each text, `[B]`. */
  readonly output: Tensor;
  /** The same where the path begins, `[B]`: tokens sum to output − baseline, but for the error of the integral. */
  readonly baseline: Tensor;
}

/**
 * Integrated gradients of the embeddings: gradients along the straight path from a baseline, by Gauss–Legendre quadrature,
 * times what was moved. They are complete: a text's tokens sum to what the output changed by. The result is kept: dispose
 * of its tensors in the end. The model should be in `eval` mode.
 *
 * @throws {ArgumentError} where the target isn't one of the output's classes.
 * @example
 * ```ts
 * import { Bert, bertConfig, integratedGradients } from '@heddle/attention';
 * import { init, tensor } from '@heddle/tensor';
 * await init();
 * const config = bertConfig({ vocabSize: 50, dim: 16, layers: 1, heads: 2, head: 'classification', labels: ['a', 'b'] });
 * const model = new Bert(config).eval();
 * const { tokens } = integratedGradients(model, { ids: tensor([[1, 2, 3]], { dtype: 'int32' }) }, { target: 1 });
 * console.log(tokens.shape); // [1, 3]
 * ```
 */
export function integratedGradients(
  model: TextModelLike,
  batch: TextBatch,
  options: IntegratedGradientsOptions = {},
): Attributions {
  requireOptions('integratedGradients', options);
  const { steps = 32 } = options;
  requireWhole('integratedGradients', 'steps', steps);
  return explaining(model, batch, options, (x, valueAt) => {
    const from = (options.baseline ?? x.mul(0)).expand(x.shape);
    const way = x.sub(from);
    const gradientAt = grad(valueAt); // each text's value depends on its own vectors alone
    let total = way.mul(0);
    for (const { node, weight } of gaussLegendre(steps))
      total = scope(() => total.add(gradientAt(from.add(way.mul(node))).mul(weight)));
    const tokens = total.mul(way).sum({ axis: 2 }); // [B, T]
    return { tokens, output: valueAt(x), baseline: valueAt(from) };
  });
}

/**
 * Gradient × input of the embeddings: what integrated gradients are with one point, at the text itself. Cheap, and wrong
 * where the model has saturated. The result is kept: dispose of it in the end.
 *
 * @returns what each token counted for, `[B, T]`
 * @throws {ArgumentError} where the target isn't one of the output's classes.
 */
export function gradientTimesInput(model: TextModelLike, batch: TextBatch, options: AttributionOptions = {}): Tensor {
  return explaining(model, batch, options, (x, valueAt) => grad(valueAt)(x).mul(x).sum({ axis: 2 }));
}

/** Runs `explain` with a text's vectors, `[B, T, D]`, and the function from vectors to what is explained, `[B]`. */
function explaining<T extends Tensor | Attributions>(
  model: TextModelLike,
  batch: TextBatch,
  options: AttributionOptions,
  explain: (vectors: Tensor, valueAt: (vectors: Tensor) => Tensor) => T,
): T {
  requireModule('attribution', model);
  requireOptions('attribution', options);
  return noGrad(() => {
    const target = scope(() => targetOf(model.call(batch), options.target));
    const x = scope(() => embeddingsOf(model, () => model.call(batch)));
    try {
      const valueAt = (vectors: Tensor): Tensor => target.of(withEmbeddings(model, vectors, () => model.call(batch)));
      const found = scope(() => explain(x, valueAt));
      for (const t of found instanceof Tensor ? [found] : Object.values(found)) keep(t);
      return found;
    } finally {
      x.dispose();
      target.dispose();
    }
  });
}

/** What is explained, as a function of the model's output. */
export interface Explained {
  /** A number for each text, `[B]`. */
  of(output: Tensor): Tensor;
  dispose(): void;
}

/** From an output to a number for each text. The largest logit is chosen once, at the text itself. */
export function targetOf(output: Tensor, target: AttributionTarget | undefined): Explained {
  if (typeof target === 'function') return { of: target, dispose: () => undefined };
  const last = (out: Tensor): Tensor => (out.rank === 3 ? out.select(1, out.shape[1] - 1) : out); // [B, C]
  const logits = last(output);
  const [B, C] = logits.shape;
  if (logits.rank !== 2)
    throw new ArgumentError('attribution', 'target', 'a function, for such an output', `[${output.shape.join(', ')}]`);
  const given = typeof target === 'number' ? Array.from({ length: B }, () => target) : target;
  if (given !== undefined && (given.length !== B || given.some((i) => !(Number.isInteger(i) && i >= 0 && i < C))))
    throw new ArgumentError('attribution', 'target', `a class below ${C}, or ${B} of them`, String(target));
  const classes = given === undefined ? argmax(logits, { axis: 1 }) : tensor(Int32Array.from(given));
  const chosen = oneHot(classes, C).keep(); // [B, C]
  return { of: (out) => last(out).mul(chosen).sum({ axis: 1 }), dispose: () => chosen.dispose() };
}

/** Nodes and weights on [0, 1], exact for polynomials up to degree 2n − 1: roots of the n-th Legendre polynomial. */
export function gaussLegendre(n: number): readonly { readonly node: number; readonly weight: number }[] {
  return Array.from({ length: n }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let step = 0; step < 100; step++) {
      let [before, value] = [1, x];
      for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
      slope = (n * (x * value - before)) / (x * x - 1);
      const move = value / slope;
      x -= move;
      if (Math.abs(move) < 1e-15) break;
    }
    return { node: (1 - x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
  });
}
