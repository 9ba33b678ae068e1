// Trains and asks a classifier off the page's thread, with the packages as a user imports them.
import { SequenceClassifier } from '@heddle/classifier';
import { backendInfo, crossEntropy, init } from '@heddle/tensor';
import { AdamW, clipGradNorm } from '@heddle/tensor/optim';
import { Tokenizer } from '@heddle/tokenizer';
import { batches } from '@heddle/trainer';
import type { Answer, Task } from './messages';

const LABELS = ['ham', 'spam'];

async function run(task: Task): Promise<Answer> {
  await init(task.init);
  return task.kind === 'train' ? train(task) : predict(task);
}

async function train(task: Extract<Task, { kind: 'train' }>): Promise<Answer> {
  const { train: rows, test, steps, batchSize } = task;
  const tokenizer = await Tokenizer.train(
    rows.map((row) => row.text),
    { model: 'wordpiece', vocabSize: 1500 },
  );
  const { vocabSize } = tokenizer;
  const model = new SequenceClassifier({ vocabSize, labels: LABELS, ...task.model });
  const optimizer = new AdamW(model.parameters(), { lr: 3e-3 });
  const losses: number[] = [];
  while (losses.length < steps) {
    for (const batch of batches(rows, batchSize)) {
      const encoded = tokenizer.encodeBatch(
        batch.map((row) => row.text),
        // One length: a GPU compiles kernels by shape.
        { padding: task.model.maxLength, maxLength: task.model.maxLength },
      );
      const loss = crossEntropy(
        model.call(encoded),
        batch.map((row) => row.label),
      );
      loss.backward();
      clipGradNorm(model.parameters(), 1);
      optimizer.step();
      losses.push(await loss.item());
      if (losses.length === steps) break;
    }
  }
  model.eval();
  const texts = test.map((row) => row.text);
  const found = await model.predict(texts, { tokenizer });
  const right = found.filter(({ label }, i) => label === LABELS[test[i].label]).length;
  const files = new Map<string, Uint8Array>();
  await model.save(files, { tokenizer });
  return { ...said(), losses, accuracy: right / test.length, predictions: found.slice(0, 20), files };
}

async function predict({ files, texts }: Extract<Task, { kind: 'predict' }>): Promise<Answer> {
  const source = new Map(files);
  const tokenizer = await Tokenizer.load(source);
  const model = await SequenceClassifier.load(source, { tokenizer });
  const predictions = await model.predict(texts, { tokenizer });
  return { ...said(), losses: [], accuracy: Number.NaN, predictions, files: source };
}

function said(): Pick<Answer, 'info' | 'isolated'> {
  return { info: backendInfo(), isolated: globalThis.crossOriginIsolated };
}

self.onmessage = async ({ data }: MessageEvent<Task>) => {
  try {
    self.postMessage(await run(data));
  } catch (error) {
    self.postMessage(error instanceof Error ? `${error.name}: ${error.message}\n${error.stack}` : String(error));
  }
};
