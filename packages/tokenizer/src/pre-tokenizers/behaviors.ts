// What becomes of the text that a split matches.
import type { SplitBehavior } from '../text/normalized-string';

export const BEHAVIORS: readonly SplitBehavior[] = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
];
