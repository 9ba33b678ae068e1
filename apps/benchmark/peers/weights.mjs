// The shared weights in Heddle's modules. Queries, keys and values are one parameter there, three here.
import { tensor } from '@heddle/tensor';
import { assign } from '@heddle/tensor/nn';
import { parameters, values } from './shared.mjs';

/** Fills a model: `own` says where the parameters outside its layers go. */
export function fill(workload, layers, own) {
  const places = { ...own };
  [...layers].forEach(({ selfAttn: a, feedForward: f, norm1, norm2 }, i) => {
    const projections = [a.qProj, a.kProj, a.vProj];
    const norms = { n1w: [norm1.weight], n1b: [norm1.bias], n2w: [norm2.weight], n2b: [norm2.bias] };
    const maps = { ow: [a.outProj.weight], ob: [a.outProj.bias], upw: [f.linear1.weight], upb: [f.linear1.bias] };
    const rest = { downw: [f.linear2.weight], downb: [f.linear2.bias], qkvw: projections.map((p) => p.weight) };
    const all = { ...norms, ...maps, ...rest, qkvb: projections.map((p) => p.bias) };
    for (const [name, where] of Object.entries(all)) places[`${i}.${name}`] = where;
  });
  parameters(workload).forEach(([name, shape], p) => {
    const all = values(p, name, shape);
    const size = all.length / places[name].length;
    places[name].forEach((where, i) => {
      const part = tensor(all.subarray(i * size, (i + 1) * size), { shape: where.shape });
      assign(where, part);
      part.dispose();
    });
  });
}
