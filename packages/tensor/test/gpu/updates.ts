// Updates in place of every kind, on whichever backend is in use. Browsers run them too.
import type { Backend } from '../../src/backends/backend';
import { noGrad, randn, scope, type Tensor, tensor, zeros } from '../../src/index';
import { assign } from '../../src/nn/index';
import { Generator } from '../../src/random';

// Sizes around a workgroup's, one of them empty, more than go into one dispatch.
const SHAPES = [[3], [64], [65], [7, 13], [0, 4], [200], [1], [33, 3], [129]];

/** Tensors of all these shapes. */
export const draw = (seed: number): Tensor[] =>
  SHAPES.map((shape, i) => randn(shape, { generator: new Generator(seed + i) }));
const positive = (seed: number): Tensor[] => draw(seed).map((t) => t.mul(t));

const ADAM = { lr: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1, step: 3 };

/** What every kind of update makes of the same tensors. */
export const updates: Record<string, (backend: Backend) => Tensor[]> = {
  adam({ inPlace }) {
    const [params, grads, m, v] = [draw(1), draw(20), draw(40), positive(60)];
    inPlace.adam(params, grads, m, v, { ...ADAM, decoupled: false });
    return [...params, ...m, ...v];
  },
  adamw({ inPlace }) {
    const [params, grads, m, v] = [draw(1), draw(20), draw(40), positive(60)];
    inPlace.adam(params, grads, m, v, { ...ADAM, decoupled: true });
    return [...params, ...m, ...v];
  },
  'adamw of parts of one tensor'({ inPlace }) {
    const [whole, grad, m, v] = [1, 2, 3, 4].map((seed) => randn([6, 4], { generator: new Generator(seed) }));
    const parts = (t: Tensor): Tensor[] => [t.slice([[0, 2]]), t.slice([[2, 5]])];
    inPlace.adam(parts(whole), parts(grad), parts(m), parts(v.mul(v)), { ...ADAM, decoupled: true });
    return [whole];
  },
  'adamw after a parameter was assigned'({ inPlace }) {
    const [params, m, v] = [draw(1), draw(40), positive(60)];
    for (const seed of [20, 80, 100, 120]) {
      inPlace.adam(params, draw(seed), m, v, { ...ADAM, decoupled: true });
      if (seed === 20) inPlace.copyInto(params[2], randn([65], { generator: new Generator(9) }));
    }
    return [...params, ...m, ...v];
  },
  'adamw with the parameters in another order'({ inPlace }) {
    const [params, m, v] = [draw(1), draw(40), positive(60)];
    inPlace.adam(params, draw(20), m, v, { ...ADAM, decoupled: true });
    const order = SHAPES.map((_, i) => (i * 4) % SHAPES.length);
    const [p, g, mm, vv] = [params, draw(80), m, v].map((list) => order.map((i) => list[i]));
    inPlace.adam(p, g, mm, vv, { ...ADAM, decoupled: true });
    return [...params, ...m, ...v];
  },
  'adamw while a parameter is still to be read'({ inPlace }) {
    const [params, m, v] = [draw(1), draw(40), positive(60)];
    inPlace.adam(params, draw(20), m, v, { ...ADAM, decoupled: true });
    const before = params.map((p) => p.mul(2));
    inPlace.adam(params, draw(80), m, v, { ...ADAM, decoupled: true });
    return [...params, ...before];
  },
  'adamw after its gradients were clipped together'(backend) {
    const [params, grads, m, v] = [draw(1), draw(20), draw(40), positive(60)];
    const before = grads.map((g) => g.mul(2));
    backend.free(backend.inPlace.sumSquares(grads));
    backend.inPlace.scaleInPlace(grads, tensor([0.5]));
    backend.inPlace.scaleInPlace(grads.slice(1, 6), tensor([3]));
    backend.inPlace.adam(params, grads, m, v, { ...ADAM, decoupled: true });
    return [...params, ...grads, ...before];
  },
  sgd({ inPlace }) {
    const params = draw(1);
    const settings = { lr: 0.1, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0.1, first: true };
    inPlace.sgd(params, draw(20), null, settings);
    return params;
  },
  'sgd with momentum'({ inPlace }) {
    const [params, momentum] = [draw(1), draw(40)];
    const settings = { lr: 0.1, momentum: 0.9, dampening: 0.2, nesterov: false, weightDecay: 0.1, first: false };
    inPlace.sgd(params, draw(20), momentum, settings);
    return [...params, ...momentum];
  },
  'sgd with Nesterov momentum'({ inPlace }) {
    const [params, momentum] = [draw(1), draw(40)];
    const settings = { lr: 0.1, momentum: 0.9, dampening: 0, nesterov: true, weightDecay: 0.1, first: true };
    inPlace.sgd(params, draw(20), momentum, settings);
    return [...params, ...momentum];
  },
  lion({ inPlace }) {
    const [params, momentum] = [draw(1), draw(40)];
    inPlace.lion(params, draw(20), momentum, { lr: 0.1, beta1: 0.9, beta2: 0.99, weightDecay: 0.1 });
    return [...params, ...momentum];
  },
  scaleInPlace({ inPlace }) {
    const tensors = draw(1);
    inPlace.scaleInPlace(
      tensors,
      tensor([0.5, 3])
        .slice([[1, 2]])
        .reshape([]),
    );
    return tensors;
  },
  'scaleInPlace of parts of one tensor'({ inPlace }) {
    const whole = randn([6, 4], { generator: new Generator(3) });
    inPlace.scaleInPlace([whole.slice([[0, 2]]), whole.slice([[2, 5]])], tensor([0.5]));
    return [whole];
  },
  clampInPlace({ inPlace }) {
    const tensors = draw(1);
    inPlace.clampInPlace(tensors, 0.7);
    return tensors;
  },
  addInto({ inPlace }) {
    const tensors = draw(1);
    tensors.forEach((t, i) => {
      inPlace.addInto(t, draw(20)[i]);
    });
    return tensors;
  },
  'addInto from a transposed view'({ inPlace }) {
    const target = randn([5, 7], { generator: new Generator(1) });
    inPlace.addInto(target, randn([7, 5], { generator: new Generator(2) }).transpose());
    return [target];
  },
  copyInto({ inPlace }) {
    const target = zeros([5, 7]);
    inPlace.copyInto(target, randn([7, 5], { generator: new Generator(2) }).transpose());
    return [target];
  },
  'copyInto a part'({ inPlace }) {
    const whole = randn([6, 4], { generator: new Generator(3) });
    inPlace.copyInto(whole.slice([[2, 4]]), randn([2, 4], { generator: new Generator(4) }));
    return [whole];
  },
  assign() {
    const target = randn([5], { generator: new Generator(5) });
    const alias = target.reshape([1, 5]);
    assign(target, tensor([1, 2, 3, 4, 5]));
    return [target, alias];
  },
};

/** What an update leaves, on a backend that is in use. */
export async function updated(backend: Backend, name: string): Promise<readonly ArrayLike<number>[]> {
  const made = noGrad(() => scope(() => updates[name](backend)));
  const data = await Promise.all(made.map((t) => t.data()));
  for (const t of made) t.dispose();
  return data;
}
