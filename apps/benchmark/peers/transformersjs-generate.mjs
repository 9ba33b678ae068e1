// transformers.js's process of the generating workload, through its own `generate`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxExport } from './onnx.mjs';
import { flags, promptOf, reportGeneration } from './shared.mjs';

const options = flags();
process.env['HEDDLE_BENCH_THREADS'] = String(options.threads);
const { dim, heads, layers, tokens, vocabulary, length } = options;
// transformers.js shall find the runtime as it knew it.
const runtime = JSON.stringify(new URL('ort-fields.mjs', import.meta.url));
const resolve = `export const resolve = (name, context, next) => next(name === 'onnxruntime-node' ? ${runtime} : name, context);`;
register(`data:text/javascript,${encodeURIComponent(resolve)}`);

const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-'));
try {
  mkdirSync(join(folder, 'gpt2/onnx'), { recursive: true });
  const config = {
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    n_layer: layers,
    n_head: heads,
    n_embd: dim,
  };
  const all = { ...config, n_positions: tokens, vocab_size: vocabulary, eos_token_id: null };
  writeFileSync(join(folder, 'gpt2/config.json'), JSON.stringify(all));
  writeFileSync(join(folder, 'gpt2/onnx/decoder_model_merged.onnx'), onnxExport(options));
  const { AutoModelForCausalLM, Tensor: Ids, env } = await import('@xenova/transformers');
  env.localModelPath = folder;
  env.allowRemoteModels = false;
  const model = await AutoModelForCausalLM.from_pretrained('gpt2', { quantized: false });
  const prompt = promptOf(options);
  const ids = new Ids('int64', BigInt64Array.from(prompt, BigInt), [1, prompt.length]);
  await reportGeneration(options, async () => {
    const [found] = await model.generate(ids, { max_new_tokens: length, do_sample: false });
    return found.slice(prompt.length).map(Number);
  });
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(0);
