// Speculative decoding writes what the model alone writes: the same tokens, or tokens of the same distribution.
import { Generator, init, memory } from '@heddle/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Distribution, distribution } from '../../src/generation/distribution';
import { accepted, remainder } from '../../src/generation/speculative';
import { Bart, Bloom, Gpt2, Llama } from '../../src/index';
import { folderOf } from '../support/model-fixture';

let model: Gpt2;
let llama: Llama;
let bloom: Bloom;

beforeAll(async () => {
  await init({ backend: 'wasm' });
  model = await Gpt2.fromPretrained(folderOf('gpt2'));
  llama = await Llama.fromPretrained(folderOf('llama'));
  bloom = await Bloom.fromPretrained(folderOf('bloom'));
});

const prompts = [[5, 7, 3], [9], [4, 4, 11, 2, 6, 8]];

describe('greedy', () => {
  it.each([1, 2, 5, 9])('with %i tokens ahead', async (draftTokens) => {
    for (const [target, drafts] of [
      [model, [llama, bloom, model]],
      [llama, [model, llama]],
    ] as const) {
      const plain = await target.generate(prompts, { maxNewTokens: 20 });
      for (const draft of drafts) {
        const drafted = await target.generate(prompts, { maxNewTokens: 20, draft, draftTokens });
        expect(drafted.map(({ ids, ended }) => ({ ids, ended }))).toEqual(
          plain.map(({ ids, ended }) => ({ ids, ended })),
        );
        drafted.forEach(({ logProbs }, i) => {
          logProbs.forEach((logProb, k) => {
            expect(logProb).toBeCloseTo(plain[i].logProbs[k], 4);
          });
        });
      }
    }
  });

  it('keeps to penalties and to what is allowed', async () => {
    const options = { maxNewTokens: 16, eosIds: [], repetitionPenalty: 1.6, noRepeatNgram: 2 };
    const plain = await model.generate(prompts, options);
    const drafted = await model.generate(prompts, { ...options, draft: llama });
    expect(drafted.map(({ ids }) => ids)).toEqual(plain.map(({ ids }) => ids));
  });

  it('between models that read and write', async () => {
    const bart = await Bart.fromPretrained(folderOf('bart'));
    const plain = await bart.generate(prompts, { maxNewTokens: 12 });
    expect((await bart.generate(prompts, { maxNewTokens: 12, draft: bart })).map(({ ids }) => ids)).toEqual(
      plain.map(({ ids }) => ids),
    );
  });

  it('frees both caches, however it ends', async () => {
    await model.generate([[5]], { maxNewTokens: 3, draft: llama });
    const before = memory().buffers;
    const control = new AbortController();
    const working = model.generate([[5, 6]], { maxNewTokens: 40, eosIds: [], draft: llama, signal: control.signal });
    control.abort(new Error('enough'));
    await expect(working).rejects.toThrow('enough');
    expect(memory().buffers).toBe(before);
  });
});

describe('drawn', () => {
  it('keeps and draws again so that both ways together give the model’s probabilities', () => {
    const generator = new Generator(3);
    for (let round = 0; round < 20; round++) {
      const rows = [0, 1].map(() => Float32Array.from(generator.normal(12), (x) => 2 * x));
      const options = round % 2 === 0 ? {} : { topK: 5 };
      const [own, draft] = rows.map((row) => distribution(row, options));
      const found = new Float64Array(12);
      let refused = 0;
      draft.ids.forEach((id, i) => {
        // The share of all numbers in [0, 1) with which the token is kept.
        const kept = Array.from({ length: 4_000 }, (_, n) => accepted(own, draft, id, (n + 0.5) / 4_000)).filter(
          Boolean,
        );
        found[id] += draft.probabilities[i] * (kept.length / 4_000);
        refused += draft.probabilities[i] * (1 - kept.length / 4_000);
      });
      const rest: Distribution = remainder(own, draft);
      rest.ids.forEach((id, i) => {
        found[id] += refused * rest.probabilities[i];
      });
      own.ids.forEach((id, i) => {
        expect(Math.abs(found[id] - own.probabilities[i])).toBeLessThan(1e-3);
      });
    }
  });

  it('gives each pair of tokens as often as the model alone would', async () => {
    // The exact probability of each pair of tokens, from the model's own log probabilities.
    const prompt = [5, 7, 3];
    const options = { eosIds: [], temperature: 0.8, topK: 6 } as const;
    const next = async (text: readonly number[]): Promise<Distribution> => {
      const decoding = model.startDecoding([text]);
      const [logits] = await decoding.next();
      decoding.dispose();
      return distribution(logits, options);
    };
    const exact = new Map<string, number>();
    const first = await next(prompt);
    for (const [i, a] of first.ids.entries()) {
      const second = await next([...prompt, a]);
      second.ids.forEach((b, k) => {
        exact.set(`${a} ${b}`, first.probabilities[i] * second.probabilities[k]);
      });
    }
    const N = 500;
    const counts = new Map<string, number>();
    const found = await model.generate([prompt], {
      ...options,
      maxNewTokens: 3,
      draft: llama,
      draftTokens: 2,
      seed: 8,
      returnSequences: N,
    });
    for (const { newIds } of found) {
      const pair = `${newIds[0]} ${newIds[1]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
    let chiSquare = 0;
    for (const [pair, p] of exact) chiSquare += ((counts.get(pair) ?? 0) - N * p) ** 2 / (N * p);
    for (const pair of counts.keys()) expect(exact.has(pair)).toBe(true);
    // Mean df, standard deviation √(2 df): four of them are never reached by chance.
    const df = exact.size - 1;
    expect(chiSquare).toBeLessThan(df + 4 * Math.sqrt(2 * df));
  }, 120_000);
});

it.each<[string, object, string]>([
  [
    'another vocabulary',
    { vocabSize: 5, eosIds: [], padId: 0, startDecoding: () => undefined },
    'a model of 23 tokens',
  ],
])('refuses a draft with %s', async (_, draft, message) => {
  await expect(model.generate([[1]], { draft: draft as Gpt2 })).rejects.toThrow(message);
});
