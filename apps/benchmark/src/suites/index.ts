// Every suite: one row each. The first is what `bench` alone runs.
import type { SuiteRow } from './suite.js';

export const suites: readonly SuiteRow[] = [
  {
    name: 'spam',
    description: 'train and score a transformer on the SpamAssassin corpus (the default)',
    load: () => import('./spam.js'),
  },
  {
    name: 'csv',
    description: 'the same on your own .csv, .tsv or .jsonl file, named with --data',
    load: () => import('./csv.js'),
  },
  {
    name: 'imdb',
    description: 'film reviews, the official 25,000/25,000 split (HEDDLE_DATA or --data names the folder)',
    flags: [['--recipe <name>', "'ours', or 'source': the program of the project's source document (hours)"]],
    load: () => import('./imdb.js'),
  },
  {
    name: 'speed',
    description:
      'training, inference and generation beside TensorFlow.js, jax-js, ONNX Runtime and PyTorch; in Chromium with --backend gpu',
    flags: [
      ['--loads <names>', 'of tiny, small, base, decoder, bert, gpt2, cold, load'],
      ['--systems <names>', 'of heddle, tfjs, jax-js, onnxruntime-web, onnxruntime-node, pytorch'],
      ['--rounds <n>', 'how often each process runs (5)'],
      ['--clock <name>', 'wall, or processor: time of all threads, for a machine that does other things too'],
      ['--record', 'keep the report in docs/benchmarks, by version'],
    ],
    load: () => import('./speed.js'),
  },
  {
    name: 'kernels',
    description:
      'matrix products, attention, norms and the other kernels beside the peers; in Chromium with --backend gpu',
    flags: [
      ['--rounds <n>', 'how often each process runs (3)'],
      ['--clock <name>', 'wall, or processor: time of all threads, for a machine that does other things too'],
      ['--record', 'keep the report in docs/benchmarks, by version'],
    ],
    load: () => import('./kernels.js'),
  },
  {
    name: 'tokenizer',
    description:
      'encoding speed beside the native library and the JavaScript ones (all of it takes about ten minutes; slow ones get a part of each text)',
    flags: [
      ['--tokenizers <names>', 'of gpt2, bert, cl100k, o200k'],
      ['--texts <names>', 'of english, scripts, code'],
      ['--shapes <names>', 'of lines, whole: line by line, or the whole text in one call'],
      [
        '--peers <names>',
        'of tokenizers, @huggingface/tokenizers, @xenova/transformers, gpt-tokenizer, tiktoken, js-tiktoken',
      ],
      ['--peers-only', 'leave out what only ours is asked: offsets, threads, loading, training'],
      ['--record', 'keep the report in docs/benchmarks, by version'],
    ],
    load: () => import('./tokenizer/run.js'),
  },
];
