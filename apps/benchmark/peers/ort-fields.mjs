// ONNX Runtime as transformers.js 2.17 takes it, which was written for 1.14: a tensor's data is a field there, and is copied
// as such. Newer runtimes compute it, so that each tensor that passes between the two gets the field here.
import { createRequire } from 'node:module';

const ort = createRequire(import.meta.url)('onnxruntime-node');

/** With its data as a field. */
const withField = (t) => Object.defineProperty(t, 'data', { value: t.data, enumerable: true, writable: true });
export class Tensor extends ort.Tensor {
  constructor(...given) {
    super(...given);
    withField(this);
  }
  static [Symbol.hasInstance](x) {
    return x instanceof ort.Tensor;
  }
}
export const InferenceSession = {
  async create(model, settings) {
    const own = {
      ...settings,
      intraOpNumThreads: Number(process.env['HEDDLE_BENCH_THREADS']),
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
    };
    const session = await ort.InferenceSession.create(model, own);
    const run = async (feeds) => {
      const plain = Object.entries(feeds).map(([name, { type, data, dims }]) => [
        name,
        new ort.Tensor(type, data, dims),
      ]);
      const found = await session.run(Object.fromEntries(plain));
      Object.values(found).forEach(withField);
      return found;
    };
    return { inputNames: session.inputNames, outputNames: session.outputNames, run };
  },
};
export const { env } = ort;
