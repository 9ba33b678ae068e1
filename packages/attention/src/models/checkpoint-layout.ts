// How a checkpoint's names differ from ours: a model says it as data. What is done with it stands in checkpoint.ts and
// save-checkpoint.ts.
import type { Shape } from '@heddle/tensor';

/** Several of our linear maps that a checkpoint holds as one. */
export interface Packed {
  /** The module in the checkpoint, such as `h.*.attn.c_attn`. */
  readonly theirs: string;
  /** Ours, in the order of the rows. */
  readonly ours: readonly string[];
  /** Rows alternate by head: the first head's rows of each, then the second's (GPT-NeoX, BLOOM). */
  readonly perHead?: number;
}

/** How a checkpoint's names differ from ours. Names are those of modules; `*` stands for the number of a layer. */
export interface CheckpointLayout {
  /** Ours to theirs. A module that isn't named is called the same. */
  readonly names: Readonly<Record<string, string>>;
  readonly packed?: readonly Packed[];
  /** Their modules whose weights are `[in, out]`: GPT-2's. */
  readonly transposed?: readonly string[];
  /** Ours to theirs, of parameters that belong to no module of their own. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Their shapes where they differ from ours though the elements don't: a convolution that is a linear map here. */
  readonly shapes?: Readonly<Record<string, Shape>>;
  /** What a checkpoint of the model without its head leaves out in front of names. */
  readonly prefix?: string;
  /** Names there that are written under a second name too, as some classes of `transformers` only load from that one. */
  readonly copies?: Readonly<Record<string, string>>;
  /** Names that may be there and mean nothing: buffers of masks, second copies of tied weights. */
  readonly ignored?: readonly RegExp[];
}

/** The same layout where the checkpoint calls its modules otherwise. */
export function renamed(layout: CheckpointLayout, rename: (theirs: string) => string): CheckpointLayout {
  const values = (names: Readonly<Record<string, string>> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(names).map(([ours, theirs]) => [ours, rename(theirs)]));
  return {
    ...layout,
    names: values(layout.names),
    packed: (layout.packed ?? []).map((packed) => ({ ...packed, theirs: rename(packed.theirs) })),
    transposed: (layout.transposed ?? []).map(rename),
    parameters: values(layout.parameters),
    shapes: Object.fromEntries(Object.entries(layout.shapes ?? {}).map(([theirs, shape]) => [rename(theirs), shape])),
    copies: Object.fromEntries(Object.entries(layout.copies ?? {}).map(([one, two]) => [rename(one), rename(two)])),
  };
}

/** Where one of our tensors lies in a checkpoint. */
export interface Place {
  readonly theirs: string;
  readonly transposed: boolean;
  /** Which of several, where they are packed. */
  readonly part: number;
  readonly parts: number;
  readonly perHead: number | undefined;
}

/** A tensor that is the same there, but for its name. */
const alone = { transposed: false, part: 0, parts: 1, perHead: undefined } as const;

/** Matches `pattern` against a module's name and returns what stood for its star, or null. */
function star(pattern: string, name: string): string | null {
  const at = pattern.indexOf('*');
  if (at < 0) return pattern === name ? '' : null;
  const [head, tail] = [pattern.slice(0, at), pattern.slice(at + 1)];
  if (!name.startsWith(head) || !name.endsWith(tail) || name.length < head.length + tail.length) return null;
  const middle = name.slice(head.length, name.length - tail.length);
  return /^\d+$/.test(middle) ? middle : null;
}

/** Where a tensor of ours lies. */
export function placeOf(layout: CheckpointLayout, ours: string): Place {
  const whole = layout.parameters?.[ours];
  if (whole !== undefined) return { theirs: whole, ...alone };
  const cut = ours.lastIndexOf('.');
  const [module, leaf] = [ours.slice(0, Math.max(cut, 0)), ours.slice(cut + 1)];
  const named = (theirs: string, number: string): string =>
    [theirs.replace('*', number), leaf].filter((part) => part !== '').join('.');
  for (const { theirs, ours: patterns, perHead } of layout.packed ?? []) {
    for (let part = 0; part < patterns.length; part++) {
      const number = star(patterns[part], module);
      if (number === null) continue;
      const transposed = leaf === 'weight' && (layout.transposed ?? []).includes(theirs);
      return { theirs: named(theirs, number), transposed, part, parts: patterns.length, perHead };
    }
  }
  for (const [pattern, theirs] of Object.entries(layout.names)) {
    const number = star(pattern, module);
    if (number === null) continue;
    const transposed = leaf === 'weight' && (layout.transposed ?? []).includes(theirs);
    return { ...alone, theirs: named(theirs, number), transposed };
  }
  return { theirs: ours, ...alone };
}

/** The checkpoint's name of a module of ours that stands alone there. */
export function checkpointName(layout: CheckpointLayout = { names: {} }, ours: string): string {
  return placeOf(layout, `${ours}.weight`).theirs.slice(0, -'.weight'.length);
}

/** Maps of ours that a checkpoint holds as one. */
export interface PackedMaps {
  /** The module there. */
  readonly theirs: string;
  /** Ours, in the order of the rows. */
  readonly ours: readonly string[];
  readonly perHead: number | undefined;
}

/** What a map of ours is packed with; null where it stands alone. */
export function packedWith(layout: CheckpointLayout = { names: {} }, ours: string): PackedMaps | null {
  for (const { theirs, ours: patterns, perHead } of layout.packed ?? []) {
    const number = patterns.map((pattern) => star(pattern, ours)).find((found) => found !== null);
    if (number === undefined || number === null) continue;
    const named = (pattern: string): string => pattern.replace('*', number);
    return { theirs: named(theirs), ours: patterns.map(named), perHead };
  }
  return null;
}

/** Whether a tensor is copied as it is. */
export function isPlain({ shapes }: CheckpointLayout, { theirs, parts, transposed }: Place): boolean {
  return parts === 1 && !transposed && shapes?.[theirs] === undefined;
}
