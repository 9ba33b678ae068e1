// What a post-processor puts round ids, learnt once by showing it one token of each sequence.
// With that, batches need no Encoding at all.
import { Encoding } from './encoding';
import type { PostProcessor } from './post-processors/post-processor';

/** One place of a frame: a sequence of the input (0 or 1), or a special token (−1). */
export interface FramePiece {
  readonly sequence: number;
  readonly id: number;
  readonly typeId: number;
}

function probe(sequence: number): Encoding {
  const encoding = Encoding.special([-1 - sequence], [''], sequence);
  encoding.setSequence(sequence);
  return encoding;
}

/** The frame of one text or a pair. */
export function frameOf(
  processor: PostProcessor | undefined,
  isPair: boolean,
  addSpecialTokens: boolean,
): FramePiece[] {
  const parts = isPair ? [probe(0), probe(1)] : [probe(0)];
  const pieces: FramePiece[] = [];
  for (const part of processor?.process(parts, addSpecialTokens) ?? parts)
    for (const [i, id] of part.ids.entries())
      pieces.push({ sequence: id < 0 ? -1 - id : -1, id, typeId: part.typeIds[i] as number });
  return pieces;
}
