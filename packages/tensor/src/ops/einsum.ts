// Einstein summation by permuting, multiplying matrices and summing. A parser and a plan; the work is done by matmul.
import { ArgumentError, ShapeError } from '../errors';
import type { Tensor } from '../tensor';
import { mul } from './arithmetic';
import { matmul } from './matmul';
import { sum } from './reduce';
import { permute, reshape } from './views';

interface Term {
  readonly labels: string;
  readonly value: Tensor;
}

/**
 * Einstein summation over one or more tensors, `torch.einsum`'s notation without ellipses and repeated labels in a term.
 *
 * @throws {ArgumentError} where the equation can't be read.
 * @throws {ShapeError} where a label has two sizes.
 * @example
 * ```ts
 * import { einsum, init, ones } from '@heddle/tensor';
 * await init();
 * console.log(einsum('bij,bjk->bik', [ones([2, 3, 4]), ones([2, 4, 5])]).shape); // [2, 3, 5]
 * ```
 */
export function einsum(equation: string, operands: readonly Tensor[]): Tensor {
  const { inputs, output } = parse(equation, operands);
  const sizes = sizesOf(inputs);
  for (const label of output) {
    if (!sizes.has(label))
      throw new ArgumentError('einsum', 'equation', `an output made of input labels`, `"${label}" in ${equation}`);
  }
  let [total, ...rest] = inputs;
  for (let i = 0; i < rest.length; i++) {
    const later =
      output +
      rest
        .slice(i + 1)
        .map((term) => term.labels)
        .join('');
    total = contract(total, rest[i], later, sizes);
  }
  return arrange(total, output);
}

function parse(equation: string, operands: readonly Tensor[]): { inputs: Term[]; output: string } {
  const match = /^([a-zA-Z]*(?:,[a-zA-Z]*)*)(?:->([a-zA-Z]*))?$/.exec(equation.replaceAll(' ', ''));
  if (match === null) throw new ArgumentError('einsum', 'equation', 'letters as in "ij,jk->ik"', equation);
  const terms = match[1].split(',');
  if (terms.length !== operands.length) {
    throw new ArgumentError('einsum', 'operands', `${terms.length} tensors for ${equation}`, String(operands.length));
  }
  const inputs = terms.map((labels, i) => ({ labels, value: operands[i] }));
  for (const { labels, value } of inputs) {
    if (labels.length !== value.rank)
      throw new ShapeError('einsum', 'operands', `${labels.length} axes for "${labels}"`, String(value.rank));
    if (new Set(labels).size !== labels.length)
      throw new ArgumentError('einsum', 'equation', 'each label once a term', labels);
  }
  const all = terms.join('');
  const once = [...new Set(all)].filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort();
  return { inputs, output: match[2] ?? once.join('') };
}

function sizesOf(inputs: readonly Term[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { labels, value } of inputs) {
    [...labels].forEach((label, i) => {
      const known = sizes.get(label) ?? value.shape[i];
      if (known !== value.shape[i])
        throw new ShapeError('einsum', 'operands', `size ${known} for "${label}"`, String(value.shape[i]));
      sizes.set(label, known);
    });
  }
  return sizes;
}

/** Joins two terms: labels of both that come later are batch, those of both that don't are summed by the product. */
function contract(a: Term, b: Term, later: string, sizes: ReadonlyMap<string, number>): Term {
  const left = summed(a, b.labels + later);
  const right = summed(b, a.labels + later);
  const shared = [...left.labels].filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => later.includes(label)).join('');
  const inner = shared.filter((label) => !later.includes(label)).join('');
  const rows = without(left.labels, shared);
  const columns = without(right.labels, shared);
  const count = (labels: string): number => [...labels].reduce((n, label) => n * (sizes.get(label) ?? 1), 1);
  const shape = (labels: string): number[] => [...labels].map((label) => sizes.get(label) ?? 1);
  const labels = batch + rows + columns;
  if (inner === '' && rows === '' && columns === '')
    return { labels, value: mul(arrange(left, batch), arrange(right, batch)) };
  const x = reshape(arrange(left, batch + rows + inner), [count(batch), count(rows), count(inner)]);
  const y = reshape(arrange(right, batch + inner + columns), [count(batch), count(inner), count(columns)]);
  return { labels, value: reshape(matmul(x, y), shape(labels)) };
}

const without = (labels: string, gone: readonly string[]): string =>
  [...labels].filter((label) => !gone.includes(label)).join('');

/** Sums the labels that nobody needs any more. */
function summed({ labels, value }: Term, needed: string): Term {
  const axes = [...labels].flatMap((label, i) => (needed.includes(label) ? [] : [i]));
  if (axes.length === 0) return { labels, value };
  return { labels: [...labels].filter((label) => needed.includes(label)).join(''), value: sum(value, { axis: axes }) };
}

function arrange(term: Term, order: string): Tensor {
  const { labels, value } = summed(term, order);
  return labels === order
    ? value
    : permute(
        value,
        [...order].map((label) => labels.indexOf(label)),
      );
}
