// One test case an op and sample, from the registry.
import type { Meta } from '../../src/backends/backend';
import type { Sample } from '../../src/define';
import { apply, asFloats } from '../../src/op';
import { upload } from '../../src/ops/create';
import { fused, primitives } from '../../src/registry';
import type { AnyTensor, Tensor } from '../../src/tensor';

/** An op, one of its samples, and how to run it. */
export interface Case {
  readonly name: string;
  readonly op: string;
  readonly sample: Sample<unknown>;
  readonly tolerance: number;
  readonly differentiable: boolean;
  readonly isFused: boolean;
  run(inputs: readonly AnyTensor[]): AnyTensor;
  /** The composite of a fused op; the op itself for primitives. */
  composite(inputs: readonly AnyTensor[]): AnyTensor;
  infer(inputs: readonly AnyTensor[]): Meta;
}

interface AnyDefinition {
  readonly name: string;
  readonly tolerance?: number;
  infer(inputs: readonly AnyTensor[], attrs: unknown): Meta;
  samples(): readonly Sample<unknown>[];
}

/** All ops with all their samples. */
export function cases(): Case[] {
  const fromPrimitives = Object.values(primitives).flatMap((op) => {
    // Attributes differ from op to op; a case passes its own sample's back to it.
    const definition = op.definition as unknown as Parameters<typeof apply<unknown, 'float32'>>[0];
    return casesOf(definition, definition.backward !== null, false, (inputs, attrs) =>
      apply(definition, inputs, attrs),
    );
  });
  const fromFused = Object.values(fused).flatMap((op) => {
    const call = op as unknown as (inputs: readonly AnyTensor[], attrs: unknown) => AnyTensor;
    const definition = op.definition as unknown as AnyDefinition & {
      composite(inputs: readonly Tensor[], attrs: unknown): Tensor;
    };
    return casesOf(definition, true, true, call, (inputs, attrs) => definition.composite(asFloats(inputs), attrs));
  });
  return [...fromPrimitives, ...fromFused];
}

function casesOf(
  definition: AnyDefinition,
  differentiable: boolean,
  isFused: boolean,
  run: (inputs: readonly AnyTensor[], attrs: unknown) => AnyTensor,
  composite = run,
): Case[] {
  return definition.samples().map((sample, i) => ({
    name: `${definition.name} #${i} ${sample.inputs.map((x) => `[${x.shape.join(',')}]`).join(' ')}`,
    op: definition.name,
    sample,
    tolerance: definition.tolerance ?? 1e-5,
    differentiable: differentiable && sample.inputs.some((x) => x.dtype === 'float32'),
    isFused,
    run: (inputs) => run(inputs, sample.attrs),
    composite: (inputs) => composite(inputs, sample.attrs),
    infer: (inputs) => definition.infer(inputs, sample.attrs),
  }));
}

/** Fixed, uneven weights for a weighted sum of an output: gradients of a plain sum hide mistakes. */
export function weightsLike(y: AnyTensor): Tensor {
  return upload(
    Float32Array.from({ length: y.size }, (_, i) => 0.5 + ((i * 7) % 5) * 0.25),
    y.shape,
    'float32',
    'weights',
  );
}
