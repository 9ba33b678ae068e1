// One optimizer step: losses and gradients of its batches, clipping, the update. No reading back unless asked for.
import { ArgumentError, keep, scope, type Tensor } from '@heddle/tensor';
import type { Module } from '@heddle/tensor/nn';
import { clipGradNorm } from '@heddle/tensor/optim';
import type { RunSettings } from './options.js';
import type { Task } from './tasks/task.js';

/** A loss that isn't finite, and the parameter whose gradient isn't. */
export interface BadGradient {
  readonly loss: number;
  readonly parameter: string | null;
}

/**
 * Adds up the gradients of batches whose rows are weighted alike, so that several batches are one larger batch.
 *
 * @returns each batch's share of the step's loss; kept, to be read and disposed of later.
 */
export function gatherGradients<Row, Item, Batch>(
  task: Task<Row, Item, Batch>,
  batches: readonly { readonly batch: Batch; readonly rows: number }[],
): Tensor[] {
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  return batches.map((part) =>
    scope(() => {
      const loss = task.loss(part.batch);
      if (typeof loss?.backward !== 'function')
        throw new ArgumentError('Trainer', 'loss', 'a function that gives a scalar tensor', typeof loss);
      if (loss.size !== 1) throw new ArgumentError('Trainer', 'loss', 'a scalar', `[${loss.shape.join(', ')}]`);
      const share = part.rows === rows ? loss : loss.mul(part.rows / rows);
      share.backward();
      return keep(share.detach());
    }),
  );
}

/** Clips, updates, and moves the schedule on. */
export function update(model: Module, { clip, optimizer }: RunSettings): void {
  if (clip !== null) {
    scope(() => {
      clipGradNorm(model.parameters(), clip);
    });
  }
  optimizer.step();
}

/** Looks at a step's losses and gradients before the update; null where all numbers are finite. */
export async function inspectGradients(model: Module, losses: readonly Tensor[]): Promise<BadGradient | null> {
  const loss = await sumOf(losses);
  for (const [name, { grad }] of model.namedParameters()) {
    if (grad !== null && !isFiniteArray(await grad.data())) return { loss, parameter: name };
  }
  return Number.isFinite(loss) ? null : { loss, parameter: null };
}

/** Name of the first parameter or buffer that holds a NaN or an infinity; null where none does. */
export async function firstBadParameter(model: Module): Promise<string | null> {
  for (const [name, t] of model.stateDict()) if (!isFiniteArray(await t.data())) return name;
  return null;
}

/** Sum of scalars. */
export async function sumOf(losses: readonly Tensor[]): Promise<number> {
  const values = await Promise.all(losses.map((loss) => loss.item()));
  return values.reduce((sum, value) => sum + value, 0);
}

function isFiniteArray(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
