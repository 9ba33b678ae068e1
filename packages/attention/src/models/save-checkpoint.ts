// A model's weights under a checkpoint's names, packed and turned as the checkpoint has them.
import { type AnyTensor, ArgumentError, concat, contiguous, type Shape, type Tensor, zeros } from '@heddle/tensor';
import { type DeferredTensor, type SavedFloat, type SaveOptions, saveSafetensors } from '@heddle/tensor/io';
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

/** A model's tensors under a checkpoint's names; what is packed, turned or widened is made as it is written. */
function packedState(model: Module, layout: CheckpointLayout): Map<string, Saved> {
  const groups = new Map<string, { readonly place: Place; readonly tensor: Saved }[]>();
  for (const [name, tensor] of floatState(model)) {
    const place = placeOf(layout, name);
    groups.set(place.theirs, [...(groups.get(place.theirs) ?? []), { place, tensor }]);
  }
  const state = new Map<string, Saved>();
  for (const [theirs, members] of groups) {
    const [{ place, tensor: first }] = members;
    if (isPlain(layout, place)) {
      state.set(theirs, first);
      continue;
    }
    if (members.length !== place.parts)
      throw new ArgumentError('savePretrained', theirs, `${place.parts} parts`, String(members.length));
    const parts = members.sort((a, b) => a.place.part - b.place.part).map(({ tensor }) => tensor);
    const shape = layout.shapes?.[theirs];
    state.set(theirs, {
      dtype: 'float32',
      shape: shape ?? packedShape(parts, place),
      make: () => pack(parts.map(floatOf), place, shape),
    });
  }
  for (const [name, second] of Object.entries(layout.copies ?? {})) {
    const tensor = state.get(name);
    if (tensor !== undefined) state.set(second, tensor);
  }
  return state;
}

type Saved = AnyTensor | DeferredTensor;

/** A model's tensors, those of 16 bits as floats of 32. */
function floatState(model: Module): Map<string, Saved> {
  const halves = new Map(halfModules(model).map(({ name, module }) => [`${name}.words`, module]));
  return new Map(
    [...model.stateDict()].map(([name, own]): [string, Saved] => {
      const half = halves.get(name);
      if (half === undefined) return [name, own];
      const shape = [own.shape[0], half.width];
      return [name.replace(/words$/, 'weight'), { dtype: 'float32', shape, make: () => half.widened() }];
    }),
  );
}

function floatOf(tensor: Saved): Tensor {
  return ('make' in tensor ? tensor.make() : tensor).cast('float32');
}

function packedShape(parts: readonly Saved[], { transposed }: Place): Shape {
  const [{ shape }] = parts;
  const rows = parts.reduce((sum, part) => sum + part.shape[0], 0);
  return transposed ? [...shape.slice(1), rows] : [rows, ...shape.slice(1)];
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
  await saveSafetensors(path, packedState(model, layout), { metadata: { format: 'pt' }, ...options });
}
