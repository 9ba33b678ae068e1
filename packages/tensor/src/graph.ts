// The recorded graph: nodes that know how to turn the gradient of their output into those of their inputs.
import { gradientsWithin } from './autograd';
import type { FusedKernel } from './backends/backend';
import type { Definition, FusedDefinition, Recorded } from './define';
import { track } from './lifetime';
import { asFloats, assertComputed, launchAll, viewOf, wrap } from './op';
import { runtime } from './runtime';
import type { Storage } from './storage';
import type { AnyTensor, Tensor } from './tensor';

let created = 0;

/** One recorded op. It owns what its gradient rule reads, until `backward` or the last holder lets go. */
export abstract class Node {
  /** Later ops have higher numbers: a reverse topological order for free. */
  readonly sequence = created++;
  /** Holders: the output's handle, and the nodes that consume the output. */
  refs = 1;
  /** Gradient of the output, while a backward pass gathers it. */
  grad: Tensor | null = null;
  hooks: ((g: Tensor) => Tensor | undefined)[] | null = null;
  inputs: readonly AnyTensor[];
  private owned: Storage[];

  constructor(
    readonly op: string,
    inputs: readonly AnyTensor[],
    owned: Storage[],
  ) {
    this.inputs = inputs;
    this.owned = owned;
    for (let i = 0; i < inputs.length; i++) {
      const node = inputs[i].node;
      if (node !== null) node.refs++;
    }
  }

  /** Gradients of the inputs. Called once, or again where the graph is retained. */
  abstract gradients(g: Tensor, needs: readonly boolean[], createGraph: boolean): (Tensor | null)[];

  /** True once the graph behind this node has been given back. */
  get isFreed(): boolean {
    return this.inputs.length === 0;
  }

  /** Lets go of one holder; the last one frees what the node owns. */
  release(): void {
    if (--this.refs === 0) this.free();
  }

  /** Gives back saved buffers and the graph behind. The walk is a loop: graphs are deeper than stacks. */
  free(): void {
    const open: Node[] = [this];
    while (open.length > 0) {
      const node = open.pop();
      if (node === undefined) break;
      for (const storage of node.owned) storage.release();
      node.owned = [];
      const inputs = node.inputs;
      node.inputs = [];
      for (let i = 0; i < inputs.length; i++) {
        const behind = inputs[i].node;
        if (behind !== null && --behind.refs === 0) open.push(behind);
      }
    }
  }
}

/** Retains the storages that `saves` names. */
function retained(saves: readonly (number | 'y')[], inputs: readonly AnyTensor[], output: AnyTensor): Storage[] {
  const storages: Storage[] = [];
  for (const position of saves) {
    const storage = position === 'y' ? output.storage : inputs[position]?.storage;
    if (storage === undefined) continue;
    storage.retain();
    storages.push(storage);
  }
  return storages;
}

/** A primitive: its gradient rule is made of public ops. */
export class PrimitiveNode<Attrs> extends Node {
  constructor(
    private readonly definition: Definition<Attrs>,
    inputs: readonly AnyTensor[],
    private readonly attrs: Attrs,
    private readonly output: AnyTensor,
  ) {
    super(definition.name, inputs, retained(definition.saves, inputs, output));
  }

  override gradients(g: Tensor, needs: readonly boolean[]): (Tensor | null)[] {
    const [output] = asFloats([this.output]);
    const recorded: Recorded<Attrs> = { inputs: asFloats(this.inputs), output, attrs: this.attrs, needs };
    return this.definition.backward === null ? [] : this.definition.backward(g, recorded);
  }
}

/** A view: its gradient rule closes over shapes only. */
export class ViewNode extends Node {
  constructor(
    op: string,
    x: AnyTensor,
    private readonly rule: (g: Tensor) => Tensor,
  ) {
    super(op, [x], []);
  }

  override gradients(g: Tensor): (Tensor | null)[] {
    return [this.rule(g)];
  }
}

/** A fused op: its backward kernel, or the composite's graph where gradients are differentiated again. */
export class FusedNode<Attrs> extends Node {
  constructor(
    private readonly definition: FusedDefinition<Attrs>,
    private readonly row: FusedKernel<Attrs, unknown>,
    inputs: readonly AnyTensor[],
    private readonly attrs: Attrs,
    private readonly output: AnyTensor,
    private readonly aux: readonly Storage[],
  ) {
    super(definition.name, inputs, [...retained(definition.saves, inputs, output), ...aux]);
  }

  override gradients(g: Tensor, needs: readonly boolean[], createGraph: boolean): (Tensor | null)[] {
    if (createGraph) return this.throughComposite(g, needs);
    const { inputs, output, attrs } = this;
    const start = runtime.profiler === null ? 0 : performance.now();
    const made = launchAll(output.storage.backend, inputs, () => {
      assertComputed([g, output]);
      return this.row.backward(g, { inputs, output, attrs, needs, saved: this.aux.map((storage) => storage.buffer) });
    });
    runtime.profiler?.record(
      this.op,
      'backward',
      start,
      inputs,
      output.shape,
      2 * (this.definition.flops?.(inputs, attrs) ?? 0),
    );
    return made.map((one, i) => {
      if (one === null) return null;
      const gradient = wrap<'float32'>(one.storage, inputs[i], this.op, one.strides);
      track(gradient);
      return gradient;
    });
  }

  // The composite works on stand-ins, at which the walk ends: what lies behind the inputs, and the gradients that gather
  // there, belong to the walk around this one.
  private throughComposite(g: Tensor, needs: readonly boolean[]): (Tensor | null)[] {
    const inputs = asFloats(this.inputs).map((x, i) => (needs[i] ? standIn(x) : x));
    const wanted = inputs.filter((_, i) => needs[i]);
    const ends = new Set(wanted.map((x) => x.node));
    const found = gradientsWithin(
      this.definition.composite(inputs, this.attrs),
      wanted,
      { gradient: g, createGraph: true },
      (node) => ends.has(node),
    );
    let next = 0;
    return needs.map((needed) => (needed ? found[next++] : null));
  }
}

/** The tensor behind a node of its own. */
function standIn(x: Tensor): Tensor {
  return viewOf('standIn', x, x.shape, x.strides, x.offset, (g) => g);
}
