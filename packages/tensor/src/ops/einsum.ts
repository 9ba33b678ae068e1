// Einstein summation by permuting, multiplying matrices and summing. A parser and a plan; the work is done by matmul.
import { ArgumentError, ShapeError } from '../errors';
import { requireTensor } from '../lifetime';
import { sameShape } from '../shape';
import type { Tensor } from '../tensor';
import { mul } from './arithmetic';
import { tensor } from './create';
import { take } from './indexing';
import { matmul } from './matmul';
import { sum } from './reduce';
import { expand, permute, reshape } from './views';

interface Term {
  readonly labels: string;
  readonly value: Tensor;
}

/**
 * Einstein summation over one or more tensors in the notation of `torch.einsum`: an ellipsis stands for any axes, aligned
 * from the right; a label that a term repeats takes its diagonal; sizes of one are stretched. Products are taken from
 * left to right.
 *
 * @throws {ArgumentError} where the equation can't be read.
 * @throws {ShapeError} where a label has two sizes.
 * @example
 * ```ts
 * import { einsum, init, ones } from '@heddle/tensor';
 * await init();
 * console.log(einsum('...ij,...jk->...ik', [ones([2, 3, 4]), ones([2, 4, 5])]).shape); // [2, 3, 5]
 * console.log(await einsum('ii', [ones([3, 3])]).item()); // 3, the trace
 * ```
 */
export function einsum(equation: string, operands: readonly Tensor[]): Tensor {
  const { inputs, output } = parse(equation, operands);
  const sizes = sizesOf(inputs);
  for (const [i, label] of [...output].entries()) {
    if (!sizes.has(label) || output.indexOf(label) !== i)
      throw new ArgumentError('einsum', 'equation', 'an output of input labels, each once', equation);
  }
  let [total, ...rest] = inputs.map((term) => stretched(diagonal(term), sizes));
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

/** Labels of the axes that an ellipsis stands for: letters that no equation can hold, the last axis last. */
const unnamed = (count: number): string =>
  Array.from({ length: count }, (_, i) => String.fromCharCode(0xe000 + i))
    .reverse()
    .join('');

const TERM = '[a-zA-Z]*(?:\\.{3}[a-zA-Z]*)?';
const EQUATION = new RegExp(`^(${TERM}(?:,${TERM})*)(?:->(${TERM}))?$`);

function parse(equation: string, operands: readonly Tensor[]): { inputs: Term[]; output: string } {
  if (typeof equation !== 'string') throw new ArgumentError('einsum', 'equation', 'a string', String(equation));
  if (!Array.isArray(operands)) throw new ArgumentError('einsum', 'operands', 'a list of tensors', String(operands));
  for (const t of operands) requireTensor('einsum', 'operands', t);
  const match = EQUATION.exec(equation.replaceAll(' ', ''));
  if (match === null)
    throw new ArgumentError('einsum', 'equation', 'letters as in "ij,jk->ik" or "...i->..."', equation);
  const terms = match[1].split(',');
  if (terms.length !== operands.length) {
    throw new ArgumentError('einsum', 'operands', `${terms.length} tensors for ${equation}`, String(operands.length));
  }
  let widest = 0;
  const inputs = terms.map((term, i) => {
    const value = operands[i];
    const named = term.replace('...', '').length;
    const free = term.includes('...') ? value.rank - named : 0;
    if (free < 0 || named + free !== value.rank)
      throw new ShapeError('einsum', 'operands', `${named} axes for "${term}"`, String(value.rank));
    widest = Math.max(widest, free);
    return { labels: term.replace('...', unnamed(free)), value };
  });
  const all = inputs.map((term) => term.labels).join('');
  const once = [...new Set(match[1].replace(/[.,]/g, ''))].filter((x) => all.indexOf(x) === all.lastIndexOf(x)).sort();
  return { inputs, output: match[2]?.replace('...', unnamed(widest)) ?? unnamed(widest) + once.join('') };
}

function sizesOf(inputs: readonly Term[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { labels, value } of inputs) {
    [...labels].forEach((label, i) => {
      const known = sizes.get(label) ?? 1;
      const size = value.shape[i];
      if (known !== size && known !== 1 && size !== 1)
        throw new ShapeError('einsum', 'operands', `size ${known} for "${label}"`, String(size));
      sizes.set(label, known === 1 ? size : known);
    });
  }
  return sizes;
}

/** A label that stands twice becomes one axis: every (n + 1)-th element of the two, laid out as one of n · n. */
function diagonal({ labels, value }: Term): Term {
  const twice = [...labels].find((label, i) => labels.indexOf(label) !== i);
  if (twice === undefined) return { labels, value };
  const [i, j] = [labels.indexOf(twice), labels.lastIndexOf(twice)];
  const n = value.shape[i];
  if (value.shape[j] !== n) throw new ShapeError('einsum', 'operands', `size ${n} for "${twice}"`, `${value.shape[j]}`);
  const others = value.shape.map((_, axis) => axis).filter((axis) => axis !== i && axis !== j);
  const pairs = reshape(permute(value, [i, j, ...others]), [n * n, ...others.map((axis) => value.shape[axis])]);
  const index = tensor(
    Int32Array.from({ length: n }, (_, k) => k * (n + 1)),
    { shape: [n] },
  );
  return diagonal({ labels: twice + others.map((axis) => labels[axis]).join(''), value: take(pairs, index) });
}

/** Sizes of one become what the label has elsewhere. */
function stretched({ labels, value }: Term, sizes: ReadonlyMap<string, number>): Term {
  const shape = [...labels].map((label) => sizes.get(label) ?? 1);
  return { labels, value: sameShape(shape, value.shape) ? value : expand(value, shape) };
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
