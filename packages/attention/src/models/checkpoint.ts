// Copies an open checkpoint into a model, whatever it calls the weights and however it packs them.
import { type AnyTensor, type HalfFormat, keep, noGrad, type Shape, scope, type Tensor, tensor } from '@heddle/tensor';
import { type CheckpointFile, roundHalf } from '@heddle/tensor/io';
import { assign, halvable, halve, type Module, quantizable, quantize, type WeightReader } from '@heddle/tensor/nn';
import { type CheckpointLayout, isPlain, type Place, placeOf } from './checkpoint-layout';

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

function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}
