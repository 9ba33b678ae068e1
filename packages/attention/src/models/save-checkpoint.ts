// A model's weights under a checkpoint's names, packed and turned as the checkpoint has them.
import {
  type AnyTensor,
  ArgumentError,
  concat,
  contiguous,
  keep,
  noGrad,
  type Shape,
  scope,
  type Tensor,
  zeros,
} from '@heddle/tensor';
import { type SavedFloat, type SaveOptions, saveSafetensors } from '@heddle/tensor/io';
import { HalfEmbedding, HalfLinear, type Module, QuantizedLinear } from '@heddle/tensor/nn';
import { type CheckpointLayout, isPlain, type PackedMaps, type Place, placeOf } from './checkpoint-layout';

/** Rows of packed maps as the checkpoint has them; zeros for a map that has none. */
export function toTheirRows(packed: PackedMaps, rowsOf: (ours: string) => Tensor | undefined): Tensor {
  const given = packed.ours.map(rowsOf);
  const like = given.find((rows) => rows !== undefined);
  if (like === undefined) throw new ArgumentError('toTheirRows', packed.theirs, 'rows of at least one map', 'none');
  const parts = given.map((rows) => rows ?? zeros(like.shape));
  const place = { transposed: false, part: 0, theirs: packed.theirs, parts: parts.length, perHead: packed.perHead };
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
