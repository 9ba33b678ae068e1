// A model as a drawing: boxes in boxes, in the order in which the parts stand.
import type { Module } from '@heddle/tensor/nn';
import { requireModule, requireOptions } from '../errors';
import { type ModuleNode, moduleTree } from './module-tree';

/** How a model is drawn. */
export interface DrawOptions {
  /** Text that GitHub and many editors show as a diagram, or a picture of its own: `mermaid` where nothing is said. */
  readonly format?: 'mermaid' | 'svg';
  /** How many levels of parts are shown: 4 where nothing is said. */
  readonly depth?: number;
}

/**
 * Draws a model. Parts that are alike and follow each other are drawn once, with their number.
 *
 * @example
 * ```ts
 * import { draw, Gpt2, gpt2Config } from '@heddle/attention';
 * import { init } from '@heddle/tensor';
 * await init();
 * const model = new Gpt2(gpt2Config({ vocabSize: 50, dim: 16, layers: 2, heads: 2, maxLength: 8 }));
 * console.log(draw(model)); // flowchart TB …
 * ```
 */
export function draw(model: Module, options: DrawOptions = {}): string {
  requireModule('draw', model);
  requireOptions('draw', options);
  const { format = 'mermaid', depth = 4 } = options;
  const tree = moduleTree(model);
  return format === 'svg' ? svg(tree, depth) : mermaid(tree, depth);
}

const count = (n: number): string =>
  n >= 1e9
    ? `${(n / 1e9).toFixed(1)} G`
    : n >= 1e6
      ? `${(n / 1e6).toFixed(1)} M`
      : n >= 1e4
        ? `${(n / 1e3).toFixed(1)} k`
        : String(n);

/** Name, class and size of a part, as one line. */
function caption({ name, label, count: copies, parameters }: ModuleNode): string {
  const words = name === '' || name === label ? label : `${name}: ${label}`;
  return `${words}${copies > 1 ? ` × ${copies}` : ''}${parameters > 0 ? ` (${count(parameters)})` : ''}`;
}

function mermaid(tree: ModuleNode, depth: number): string {
  const lines = ['flowchart TB'];
  let ids = 0;
  /** Writes a part and returns its id. */
  const write = (node: ModuleNode, level: number): string => {
    const id = `n${ids++}`;
    const indent = '  '.repeat(level);
    const text = caption(node).replaceAll('"', '#quot;');
    if (node.children.length === 0 || level > depth) {
      lines.push(`${indent}${id}["${text}"]`);
      return id;
    }
    lines.push(`${indent}subgraph ${id} ["${text}"]`, `${indent}  direction TB`);
    const children = node.children.map((child) => write(child, level + 1));
    for (let i = 1; i < children.length; i++) lines.push(`${indent}  ${children[i - 1]} --> ${children[i]}`);
    lines.push(`${indent}end`);
    return id;
  };
  write(tree, 1);
  return `${lines.join('\n')}\n`;
}

const LINE = 24;
const GAP = 8;
const CHARACTER = 7.5;

/** A part with its box. */
interface Box {
  readonly text: string;
  readonly width: number;
  readonly height: number;
  readonly inside: readonly Box[];
}

function boxOf(node: ModuleNode, level: number, depth: number): Box {
  const text = caption(node);
  const inside = level > depth ? [] : node.children.map((child) => boxOf(child, level + 1, depth));
  const width = Math.max(text.length * CHARACTER + 2 * GAP, ...inside.map((box) => box.width + 2 * GAP));
  const height = inside.reduce((sum, box) => sum + box.height + GAP, LINE);
  return { text, width: Math.ceil(width), height: height + (inside.length > 0 ? 2 : 0), inside };
}

function svg(tree: ModuleNode, depth: number): string {
  const root = boxOf(tree, 1, depth);
  const parts: string[] = [];
  const place = (box: Box, x: number, y: number, width: number, level: number): void => {
    const shade = Math.max(97 - 6 * level, 70);
    parts.push(
      `<rect x="${x}" y="${y}" width="${width}" height="${box.height}" rx="4" fill="hsl(215 40% ${shade}%)" stroke="#456"/>`,
      `<text x="${x + GAP}" y="${y + 16}">${escaped(box.text)}</text>`,
    );
    let top = y + LINE;
    for (const child of box.inside) {
      place(child, x + GAP, top, width - 2 * GAP, level + 1);
      top += child.height + GAP;
    }
  };
  place(root, 1, 1, root.width, 0);
  const [width, height] = [root.width + 2, root.height + 2];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="monospace" font-size="12">`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
