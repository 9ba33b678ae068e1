// What transformers' pipelines make of a model's logits: entities, answers, labels. The model is a stub whose logits the
// fixture holds, so that all that differs could be what this package does. Expected: tools/oracle/pipelines_oracle.py.
import { readFileSync } from 'node:fs';
import type { TokenBatch } from '@heddle/attention';
import { init, type Tensor, tensor } from '@heddle/tensor';
import { Tokenizer } from '@heddle/tokenizer';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Aggregation,
  type Answer,
  type Entity,
  type ProblemType,
  SequenceClassifier,
  SpanClassifier,
  type SpanOptions,
  type TextBatch,
  TokenClassifier,
} from '../src/index';

/** Logits of a token by its id and by its place. */
interface Tables {
  readonly ids: number[][];
  readonly places: number[][];
}
interface Sorted {
  readonly text: string;
  readonly pair: string | null;
  readonly scores: Readonly<Record<string, number>>;
}
interface Case {
  readonly name: string;
  readonly tokenizer: object;
  readonly tokens: Tables & {
    readonly labels: string[];
    readonly cases: { text: string; aggregation: Aggregation; entities: Omit<Entity, 'text'>[] }[];
  };
  readonly span: Tables & {
    readonly cases: { question: string; context: string; doubt: number; options: SpanOptions; answers: Answer[] }[];
  };
  readonly classes: Tables & { readonly labels: string[]; readonly single: Sorted[]; readonly multi: Sorted[] };
}

const { cases, maxLength }: { cases: Case[]; maxLength: number } = JSON.parse(
  readFileSync(new URL('fixtures/pipelines.json', import.meta.url), 'utf8'),
);
const size = { dim: 4, layers: 1, heads: 1, maxLength } as const;

beforeAll(() => init({ backend: 'wasm', seed: 1 }));

function flat(batch: TextBatch): TokenBatch {
  if (!(batch.ids instanceof Int32Array)) throw new TypeError('a test of flat batches');
  return batch as TokenBatch;
}

/** `[B, T, n]` */
function logitsOf({ ids, places }: Tables, batch: TextBatch): number[][][] {
  const { ids: all, shape } = flat(batch);
  return Array.from({ length: shape[0] }, (_, row) =>
    Array.from({ length: shape[1] }, (_, t) => ids[all[row * shape[1] + t]].map((x, n) => x + places[t][n])),
  );
}

/** Means over a row's tokens, those of the second text counted twice: `[B, n]`. */
function pooledOf(tables: Tables, batch: TextBatch): number[][] {
  const { mask, typeIds, shape } = flat(batch);
  return logitsOf(tables, batch).map((row, i) => {
    const weights = row.map((_, t) => mask[i * shape[1] + t] * (1 + (typeIds?.[i * shape[1] + t] ?? 0)));
    const total = weights.reduce((sum, w) => sum + w, 0);
    return tables.ids[0].map((_, n) => row.reduce((sum, logits, t) => sum + weights[t] * logits[n], 0) / total);
  });
}

const near = <T extends { readonly score: number }>(found: T): T => ({
  ...found,
  score: expect.closeTo(found.score, 5),
});

describe.each(cases)('$name', ({ tokenizer: json, tokens, span, classes }) => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await Tokenizer.fromJSON(json);
  });
  const vocabSize = tokens.ids.length;

  it.each(['none', 'simple', 'first', 'average', 'max'] as const)('entities: %s', async (aggregation) => {
    class Stub extends TokenClassifier {
      override forward(batch: TextBatch): Tensor {
        return tensor(logitsOf(tokens, batch));
      }
    }
    const model = new Stub({ ...size, vocabSize, labels: tokens.labels });
    const asked = tokens.cases.filter((one) => one.aggregation === aggregation);
    expect(asked.length).toBeGreaterThan(0);
    const texts = asked.map(({ text }) => text);
    if (aggregation === 'none') {
      // Here all tokens are told; transformers leaves out those that were added and those that are nothing.
      const found = await model.predict(texts, { tokenizer, batchSize: 2 });
      asked.forEach(({ text, entities }, i) => {
        const { wordIds } = tokenizer.encode(text, { maxLength });
        const told = found[i].filter(({ label }, t) => label !== 'O' && wordIds[t] !== null);
        expect(told.map(({ token: _, ...rest }) => rest)).toEqual(entities.map(near));
      });
      return;
    }
    const found = await model.predict(texts, { tokenizer, aggregation, batchSize: 2 });
    asked.forEach(({ text, entities }, i) => {
      expect(found[i], text).toEqual(
        entities.map((entity) => near({ ...entity, text: text.slice(entity.start, entity.end) })),
      );
    });
    const [all] = await model.predict(texts, { tokenizer, aggregation, ignoreLabels: [] });
    const [some] = await model.predict(texts, { tokenizer, aggregation, ignoreLabels: ['O', all[0].label] });
    expect(some).toEqual(all.filter(({ label }) => label !== 'O' && label !== all[0].label).map(near));
  });

  it.each(span.cases)('answers: $question $options, doubt $doubt', async (asked) => {
    const { question, context, doubt, options, answers } = asked;
    class Reader extends SpanClassifier {
      override forward(batch: TextBatch): Tensor {
        const logits = logitsOf(span, batch);
        return tensor(logits.map(([front, ...rest]) => [front.map((x) => x + doubt), ...rest]));
      }
    }
    const model = new Reader({ ...size, vocabSize });
    const { topK = 1, ...others } = options;
    const [found] = await model.predict([{ question, context }], { ...others, tokenizer, topK, batchSize: 2 });
    expect(found).toEqual(answers.map(near));
    expect(await model.predict([{ question, context }], { ...others, tokenizer })).toEqual([found[0]]);
  });

  const problems: readonly (readonly [ProblemType, readonly Sorted[]])[] = [
    ['single_label_classification', classes.single],
    ['multi_label_classification', classes.multi],
  ];
  it.each(problems)('labels: %s', async (problemType, rows) => {
    class Stub extends SequenceClassifier {
      override forward(batch: TextBatch): Tensor {
        return tensor(pooledOf(classes, batch));
      }
    }
    const model = new Stub({ ...size, vocabSize, typeCount: 2, labels: classes.labels, problemType });
    const pairs = rows.flatMap((row) => (row.pair === null ? [] : [{ text: row.text, pair: row.pair }]));
    const texts = rows.flatMap(({ text, pair }) => (pair === null ? [text] : []));
    const found = [
      ...(await model.predict(pairs, { tokenizer, batchSize: 2 })),
      ...(await model.predict(texts, { tokenizer })),
    ];
    expect(found.length).toBe(rows.length);
    found.forEach(({ label, score, scores }, i) => {
      const wanted = Object.entries(rows[i].scores);
      expect([label, score]).toEqual([wanted[0][0], expect.closeTo(wanted[0][1], 5)]);
      for (const [name, probability] of wanted) expect(scores[name]).toBeCloseTo(probability, 5);
    });
  });
});
