// Between our names and those of a checkpoint. A model says how they differ as data; here that data is carried out, in
// both directions.
import {
  type AnyTensor,
  ArgumentError,
  concat,
  contiguous,
  type HalfFormat,
  keep,
  noGrad,
  type Shape,
  scope,
  type Tensor,
  tensor,
  zeros,
} from '@heddle/tensor';
import { type CheckpointFile, roundHalf, type SavedFloat, type SaveOptions, saveSafetensors } from '@heddle/tensor/io';
import {
  assign,
  HalfEmbedding,
  HalfLinear,
  halvable,
  halve,
  type Module,
  QuantizedLinear,
  quantizable,
  quantize,
  type WeightReader,
} from '@heddle/tensor/nn';

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
  };
}

/** Where one of our tensors lies in a checkpoint. */
interface Place {
  readonly theirs: string;
  readonly transposed: boolean;
  /** Which of several, where they are packed. */
  readonly part: number;
  readonly parts: number;
  readonly perHead: number | undefined;
}

/** A tensor that is the same there, but for its name. */
const plain = { transposed: false, part: 0, parts: 1, perHead: undefined } as const;

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
function placeOf(layout: CheckpointLayout, ours: string): Place {
  const whole = layout.parameters?.[ours];
  if (whole !== undefined) return { theirs: whole, ...plain };
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
    return { ...plain, theirs: named(theirs, number), transposed };
  }
  return { theirs: ours, ...plain };
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

/** Rows of packed maps as the checkpoint has them; zeros for a map that has none. */
export function toTheirRows(packed: PackedMaps, rowsOf: (ours: string) => Tensor | undefined): Tensor {
  const given = packed.ours.map(rowsOf);
  const like = given.find((rows) => rows !== undefined);
  if (like === undefined) throw new ArgumentError('toTheirRows', packed.theirs, 'rows of at least one map', 'none');
  const parts = given.map((rows) => rows ?? zeros(like.shape));
  const place = { ...plain, theirs: packed.theirs, parts: parts.length, perHead: packed.perHead };
  return pack(parts, place, undefined);
}

/** The checkpoint's rows of packed maps as ours: one map below the other. */
export function fromTheirRows({ ours, perHead }: PackedMaps, rows: Tensor): Tensor {
  if (perHead === undefined) return rows;
  const rest = rows.shape.slice(1);
  return rows
    .reshape([perHead, ours.length, -1, ...rest])
    .permute([1, 0, ...[2, ...rest.map((_, i) => 3 + i)]])
    .reshape(rows.shape);
}

/** What weights can be in memory: of linear maps, and of embeddings where they are floats. */
export type LoadedDType = 'float32' | 'int8' | HalfFormat;

/** What `loadCheckpoint` may be told. */
export interface LoadCheckpointOptions {
  /** False leaves weights that a checkpoint lacks as they were made, such as a new head's. */
  readonly strict?: boolean;
  /** Others than `float32` are what weights are rounded to as they are read, into a model whose maps are hollow. */
  readonly dtype?: LoadedDType | undefined;
  /** Called after each tensor. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Copies an open checkpoint into a model.
 *
 * @throws {FormatError} where a file is damaged.
 * @throws {StateDictError} listing every missing, unexpected and mis-shaped name, in our spelling where there is one.
 */
export async function loadCheckpoint(
  model: Module,
  file: CheckpointFile,
  layout: CheckpointLayout,
  options: LoadCheckpointOptions = {},
): Promise<void> {
  const own = model.stateDict();
  const files = new Map(
    [...file.entries.keys()]
      .filter((name) => !layout.ignored?.some((pattern) => pattern.test(name)))
      .map((name) => [oldName(name), name]),
  );
  const inFile = (theirs: string): string | undefined =>
    files.get(theirs) ?? files.get(withoutPrefix(theirs, layout.prefix));
  const given = new Map<string, { readonly shape: Shape; readonly dtype: AnyTensor['dtype'] }>();
  const used = new Set<string>();
  for (const name of own.keys()) {
    const place = placeOf(layout, name);
    const from = inFile(place.theirs);
    const info = from === undefined ? undefined : file.entries.get(from);
    if (from === undefined || info === undefined) continue;
    used.add(from);
    const turned = layout.shapes?.[place.theirs];
    const same = turned !== undefined && sameShape(turned, info.shape);
    given.set(name, { shape: same ? own.get(name)!.shape : shapeOf(info.shape, place), dtype: info.dtype });
  }
  for (const name of files.values()) if (!used.has(name)) given.set(name, { shape: [], dtype: 'float32' });
  const places = model.placesFor(given, { strict: options.strict ?? true });
  await file.verify();
  const { dtype = 'float32' } = options;
  const format = dtype === 'float32' || dtype === 'int8' ? undefined : dtype;
  const packed = dtype === 'float32' ? [] : format === undefined ? quantizable(model) : halvable(model);
  const rounded = new Set<AnyTensor>(packed.map(({ map }) => map.weight));
  let done = 0;
  const progress = (): void => options.onProgress?.(++done, places.length);
  const whereIs = (name: string): { readonly place: Place; readonly from: string } => {
    const place = placeOf(layout, name);
    return { place, from: inFile(place.theirs) ?? place.theirs };
  };
  for (const { name, tensor: target } of places) {
    if (rounded.has(target)) continue;
    const { place, from } = whereIs(name);
    if (isPlain(layout, place)) await file.copyInto(from, target);
    else assignRows(target, await unpacked(file, from, place));
    if (format !== undefined) await roundTo(target, format);
    progress();
  }
  const read: WeightReader = async (name, take) => {
    const { place, from } = whereIs(`${name}.weight`);
    // Shapes that only differ by how rows are folded have their elements in the same order.
    if (place.parts === 1 && !place.transposed) await file.parts(from, (part) => take(part as Float32Array));
    else take(await valuesOf(await unpacked(file, from, place)));
    progress();
  };
  if (rounded.size === 0) return;
  if (format === undefined) await quantize(model, { read });
  else await halve(model, { format, read });
}

/** Rounds what stays in 32 bits, norms and biases, to what a format of 16 holds. */
async function roundTo(target: AnyTensor, format: HalfFormat): Promise<void> {
  const values = await target.data();
  if (!(values instanceof Float32Array)) return;
  noGrad(() => scope(() => assign(target, tensor<'float32'>(roundHalf(values, format), { shape: target.shape }))));
}

/** Old TensorFlow checkpoints call a norm's weight gamma and its bias beta. */
function oldName(name: string): string {
  return name.replace(/\.gamma$/, '.weight').replace(/\.beta$/, '.bias');
}

function withoutPrefix(name: string, prefix = ''): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/** Our shape of a tensor whose shape in the file is this. */
function shapeOf(shape: Shape, { transposed, parts }: Place): Shape {
  const own = transposed ? [...shape].reverse() : [...shape];
  return own.length === 0 ? own : [own[0] / parts, ...own.slice(1)];
}

/** Our rows of a tensor that is packed or turned in a file. The tensor is kept: dispose of it in the end. */
async function unpacked(file: CheckpointFile, from: string, place: Place): Promise<Tensor> {
  const shape = file.entries.get(from)?.shape ?? [];
  const data = await file.data(from);
  return noGrad(() =>
    scope(() => {
      const whole = tensor<'float32'>(data, { shape, dtype: 'float32' });
      const rows = place.transposed ? whole.transpose() : whole; // [parts · out, in] or [parts · out]
      const { part, parts, perHead } = place;
      const rest = rows.shape.slice(1);
      const pieces =
        perHead === undefined
          ? rows.reshape([parts, -1, ...rest]).select(0, part)
          : rows.reshape([perHead, parts, -1, ...rest]).select(1, part);
      return keep(pieces);
    }),
  );
}

function assignRows(target: AnyTensor, rows: Tensor): void {
  noGrad(() => scope(() => assign(target, rows.reshape(target.shape))));
  rows.dispose();
}

async function valuesOf(rows: Tensor): Promise<Float32Array> {
  try {
    return await rows.data();
  } finally {
    rows.dispose();
  }
}

/** A model's tensors under a checkpoint's names; what was packed or turned is new and must be disposed of. */
function packedState(
  model: Module,
  layout: CheckpointLayout,
): { readonly state: Map<string, AnyTensor>; readonly made: AnyTensor[] } {
  const groups = new Map<string, { readonly place: Place; readonly tensor: AnyTensor }[]>();
  const { state: own, made } = floatState(model);
  for (const [name, tensor] of own) {
    const place = placeOf(layout, name);
    groups.set(place.theirs, [...(groups.get(place.theirs) ?? []), { place, tensor }]);
  }
  const state = new Map<string, AnyTensor>();
  for (const [theirs, members] of groups) {
    const [{ place, tensor: first }] = members;
    if (isPlain(layout, place)) {
      state.set(theirs, first);
      continue;
    }
    if (members.length !== place.parts)
      throw new ArgumentError('savePretrained', theirs, `${place.parts} parts`, String(members.length));
    const packed = noGrad(() =>
      scope(() => {
        const parts = members.sort((a, b) => a.place.part - b.place.part);
        return pack(
          parts.map(({ tensor }) => tensor.cast('float32')),
          place,
          layout.shapes?.[theirs],
        );
      }),
    );
    state.set(theirs, packed);
    made.push(packed);
  }
  for (const [name, second] of Object.entries(layout.copies ?? {})) {
    const tensor = state.get(name);
    if (tensor !== undefined) state.set(second, tensor);
  }
  return { state, made };
}

/** A model's tensors, those of 16 bits as floats of 32: these are new. */
function floatState(model: Module): { readonly state: Map<string, AnyTensor>; readonly made: AnyTensor[] } {
  const halves = new Map(halfModules(model).map(({ name, module }) => [`${name}.words`, module]));
  const made: AnyTensor[] = [];
  const state = new Map<string, AnyTensor>();
  for (const [name, own] of model.stateDict()) {
    const half = halves.get(name);
    if (half === undefined) {
      state.set(name, own);
      continue;
    }
    const wide = noGrad(() => scope(() => keep(half.widened())));
    made.push(wide);
    state.set(name.replace(/words$/, 'weight'), wide);
  }
  return { state, made };
}

function halfModules(model: Module): { readonly name: string; readonly module: HalfLinear | HalfEmbedding }[] {
  return model.namedModules().flatMap(({ name, module }) => {
    return module instanceof HalfLinear || module instanceof HalfEmbedding ? [{ name, module }] : [];
  });
}

/** What a model's weights are written as where nothing is said: what they are in memory. */
export function ownFloat(model: Module): SavedFloat {
  return halfModules(model)[0]?.module.format ?? 'float32';
}

function pack(parts: readonly Tensor[], { perHead, transposed }: Place, shape: Shape | undefined): Tensor {
  const rest = parts[0].shape.slice(1);
  const rows =
    perHead === undefined
      ? concat(parts)
      : concat(
          parts.map((part) => part.reshape([perHead, 1, -1, ...rest])),
          1,
        ).reshape([-1, ...rest]);
  const turned = transposed ? rows.transpose() : rows;
  return contiguous(shape === undefined ? turned : turned.reshape(shape), { copy: true });
}

/** Whether a tensor is copied as it is. */
function isPlain({ shapes }: CheckpointLayout, { theirs, parts, transposed }: Place): boolean {
  return parts === 1 && !transposed && shapes?.[theirs] === undefined;
}

function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/**
 * Writes a model's weights under a checkpoint's names.
 *
 * @throws {ArgumentError} where weights are 8-bit integers: no other program would read them.
 */
export async function saveCheckpoint(
  path: string,
  model: Module,
  layout: CheckpointLayout,
  options: SaveOptions = {},
): Promise<void> {
  const rounded = model.namedModules().find(({ module }) => module instanceof QuantizedLinear);
  if (rounded !== undefined)
    throw new ArgumentError('savePretrained', 'model', 'weights in floats', `8-bit integers in ${rounded.name}`);
  const { state, made } = packedState(model, layout);
  try {
    await saveSafetensors(path, state, { metadata: { format: 'pt' }, ...options });
  } finally {
    for (const t of made) t.dispose();
  }
}
