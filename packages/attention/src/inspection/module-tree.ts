// A model as a tree of its parts, like parts that follow each other folded into one. Nothing is drawn here.
import { Embedding, LayerNorm, Linear, type Module, RMSNorm } from '@heddle/tensor/nn';

/** A part of a model. */
export interface ModuleNode {
  /** Its name in the part above. */
  readonly name: string;
  /** Its class, and its sizes where it has any. */
  readonly label: string;
  /** How many alike stand here, one after the other. */
  readonly count: number;
  readonly parameters: number;
  readonly children: readonly ModuleNode[];
}

type Named = ReturnType<Module['namedModules']>[number];

/** The tree of a model. */
export function moduleTree(model: Module): ModuleNode {
  return nodeOf(model.constructor.name, model);
}

function nodeOf(name: string, module: Module): ModuleNode {
  const children = folded(directParts(module).map((part) => nodeOf(part.name, part.module)));
  return { name, label: labelOf(module), count: 1, parameters: module.parameterCount(), children };
}

/** Parts in the fields of a module itself: each is followed by everything below it. */
function directParts(module: Module): Named[] {
  const below = module.namedModules().slice(1);
  const direct: Named[] = [];
  for (let i = 0; i < below.length; i += below[i].module.namedModules().length) direct.push(below[i]);
  return direct;
}

/** Folds neighbours that differ in the number in their names alone. */
function folded(nodes: readonly ModuleNode[]): ModuleNode[] {
  const result: ModuleNode[] = [];
  for (const node of nodes) {
    const last = result.at(-1);
    if (last !== undefined && stem(last.name) === stem(node.name) && shapeOf(last) === shapeOf(node))
      result[result.length - 1] = { ...last, count: last.count + 1, parameters: last.parameters + node.parameters };
    else result.push(node);
  }
  return result.map((node) => (node.count === 1 ? node : { ...node, name: stem(node.name) }));
}

const stem = (name: string): string => name.replace(/\.\d+$/, '');

const shapeOf = (node: ModuleNode): string => JSON.stringify([node.label, node.children.map(shapeOf)]);

function labelOf(module: Module): string {
  const type = module.constructor.name;
  if (module instanceof Linear) {
    const [outputs, inputs] = module.weight.shape;
    return `${type} ${inputs} → ${outputs}${module.activation === 'none' ? '' : `, ${module.activation}`}`;
  }
  if (module instanceof Embedding) return `${type} ${module.weight.shape.join(' × ')}`;
  if (module instanceof LayerNorm || module instanceof RMSNorm) return `${type} ${module.weight.shape[0]}`;
  return type;
}
