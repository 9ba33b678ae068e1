// Running a model over rows without learning from them.
import { breathe, noGrad, scope } from '@heddle/tensor';
import type { Module } from '@heddle/tensor/nn';
import { planBatches } from './data/batches.js';
import type { Evaluation, Task } from './tasks/task.js';

/** Milliseconds of work between two turns of the event loop. */
export const BREATH = 20;

/** Scores the model on items; null where `isStopped` said so half-way. Dropout is off meanwhile. */
export async function evaluateItems<Row, Item, Batch>(
  model: Module,
  task: Task<Row, Item, Batch>,
  items: readonly Item[],
  batchSize: number,
  isStopped: () => boolean = () => false,
): Promise<Evaluation | null> {
  const wasTraining = model.training;
  model.eval();
  try {
    const scorer = task.scorer(items.length);
    const lengths = task.bucketed ? items.map((item) => task.lengthOf(item)) : null;
    for (const rows of planBatches(items.length, batchSize, { lengths })) {
      if (isStopped()) return null;
      const batch = task.collate(rows.map((i) => items[i]));
      // Detached, so that what is freed below is never a parameter or a tensor of the caller's.
      const outputs = noGrad(() => scope(() => scorer.outputs(batch).map((output) => output.detach())));
      try {
        scorer.add(batch, await Promise.all(outputs.map((output) => output.data())), rows);
      } finally {
        for (const output of outputs) output.dispose();
      }
      await breathe(BREATH);
    }
    return scorer.finish();
  } finally {
    if (wasTraining) model.train();
  }
}
