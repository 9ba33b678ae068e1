// The logit lens, traces and drawings.
import { init, memory } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { attentionRollout, Bert, Clip, draw, Gpt2, Inspection, Lora, logitLens, T5, trace, Vit } from '../../src/index';
import { batchOf, expectedOf, folderOf, valuesOf } from '../support/model-fixture';

beforeAll(async () => {
  await init({ backend: 'wasm' });
});

describe('the logit lens', () => {
  it('ends with what the model says', async () => {
    const { inputs } = expectedOf('gpt2');
    const batch = batchOf(inputs);
    const gpt2 = await Gpt2.fromPretrained(folderOf('gpt2'));
    const bert = await Bert.fromPretrained(folderOf('bert-mlm'));
    for (const model of [gpt2, bert]) {
      const before = memory().buffers;
      const layers = logitLens(model, batch);
      expect(layers).toHaveLength(3);
      {
        using inspect = new Inspection(); // so that attention takes the same way
        expect(await layers[2].data()).toEqual(await valuesOf(() => model.call(batch, { inspect })));
      }
      expect(await layers[1].data()).not.toEqual(await layers[2].data());
      for (const t of layers) t.dispose();
      expect(memory().buffers).toBe(before);
    }
    const t5 = await T5.fromPretrained(folderOf('t5'));
    const target = { ids: Int32Array.of(0, 5), mask: Int32Array.of(1, 1), shape: [1, 2] as const };
    const source = { ids: Int32Array.of(4, 5), mask: Int32Array.of(1, 1), shape: [1, 2] as const };
    expect(logitLens(t5, source, target).map(({ shape }) => shape)).toEqual([0, 1, 2].map(() => [1, 2, 23]));
    expect(() => logitLens(t5, source)).toThrow('what is written so far');
    const bare = await Bert.fromPretrained(folderOf('bert'), { config: { head: 'none' }, strict: false });
    expect(() => logitLens(bare, batch)).toThrow('one with a head');
  });
});

describe('trace', () => {
  it('counts shapes, parameters and arithmetic of every part, and what no part owns', async () => {
    const model = await Gpt2.fromPretrained(folderOf('gpt2'));
    const batch = batchOf(expectedOf('gpt2').inputs);
    const before = memory().buffers;
    const { rows, table } = await trace(model, batch);
    expect(memory().buffers).toBe(before);
    const [B, T] = batch.shape;
    const row = (name: string) => rows.find((found) => found.name === name);
    expect(row('decoder.layers.0.linear1')).toMatchObject({
      type: 'Linear',
      calls: 1,
      output: [B, T, 20],
      parameters: 16 * 20 + 20,
      flops: 2 * B * T * 16 * 20,
    });
    const attention = row('decoder.layers.1.self_attn');
    expect(attention?.flops).toBe(4 * 2 * B * T * 16 * 16 + 4 * B * T * T * 16);
    const layer = (attention?.flops ?? 0) + 2 * 2 * B * T * 16 * 20;
    expect(row('')).toMatchObject({
      type: 'Gpt2',
      output: [B, T, 23],
      parameters: model.parameterCount(),
      flops: 2 * layer + 2 * B * T * 16 * 23, // the tied head is no part of its own
    });
    expect(row('')?.bytes).toBeGreaterThan(row('decoder')?.bytes ?? 0);
    expect(table().split('\n')).toHaveLength(rows.length + 1);
    expect(table()).toMatch(/decoder\.layers\.0\.linear1 +Linear +1 +\[2, 7, 20\] +340 /);
  });

  it('leaves adapters, shared layers and images as they are', async () => {
    const model = await Bert.fromPretrained(folderOf('albert'));
    new Lora(model, { rank: 1 });
    const batch = batchOf(expectedOf('albert').inputs);
    const logits = await valuesOf(() => model.call(batch));
    const { rows } = await trace(model, batch);
    expect(rows.find(({ name }) => name === 'encoder.layers.0')?.calls).toBe(2);
    expect(await valuesOf(() => model.call(batch))).toEqual(logits);
    await expect(trace(model, { ...batch, ids: batch.ids.map(() => 99) })).rejects.toThrow('99');
    expect(await valuesOf(() => model.call(batch))).toEqual(logits);
  });
});

describe('draw', () => {
  it('shows parts that are alike once, as Mermaid', async () => {
    const drawing = draw(await Gpt2.fromPretrained(folderOf('gpt2')));
    expect(drawing.split('\n')[0]).toBe('flowchart TB');
    expect(drawing).toContain('layers: DecoderLayer × 2 (3656)');
    expect(drawing).toContain('Embedding 23 × 16 (368)');
    expect(drawing.match(/subgraph/g)?.length).toBe(drawing.match(/^ *end$/gm)?.length);
    const ids = new Set([...drawing.matchAll(/^ *(?:subgraph )?(n\d+) ?\[/gm)].map(([, id]) => id));
    for (const [, from, to] of drawing.matchAll(/(n\d+) --> (n\d+)/g)) expect(ids.has(from) && ids.has(to)).toBe(true);
    expect(draw(await Vit.fromPretrained(folderOf('vit')), { depth: 1 })).not.toContain('q_proj');
  });

  it('shows boxes in boxes, as SVG', async () => {
    const drawing = draw(await Clip.fromPretrained(folderOf('clip')), { format: 'svg' });
    const open: string[] = [];
    for (const [, end, tag, single] of drawing.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
      if (end === '/') expect(open.pop()).toBe(tag);
      else if (single !== '/') open.push(tag);
    }
    expect(open).toEqual([]);
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(drawing) ?? [];
    for (const [, x, y, w, h] of drawing.matchAll(/<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/g)) {
      expect(Number(x) + Number(w)).toBeLessThanOrEqual(Number(width));
      expect(Number(y) + Number(h)).toBeLessThanOrEqual(Number(height));
    }
    expect(drawing).toContain('ClipText');
  });
});

it('follows attention through any text model', async () => {
  const model = await Bert.fromPretrained(folderOf('distilbert'));
  using inspect = new Inspection();
  model.call(batchOf(expectedOf('distilbert').inputs), { inspect });
  const rollout = await attentionRollout(inspect.attentions).sum({ axis: 2 }).data();
  for (const sum of rollout) expect(sum).toBeCloseTo(1, 5);
});
