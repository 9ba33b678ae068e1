// Passages as answers: learned in seconds, found in long contexts through windows, refused where nothing can be found.
import { ArgumentError, init, memory } from '@heddle/tensor';
import { AdamW } from '@heddle/tensor/optim';
import { Tokenizer } from '@heddle/tokenizer';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Question, SpanClassifier, spanLoss } from '../src/index';

const names = ['ada', 'bob', 'eve', 'kim'];
const places = ['paris', 'rome', 'oslo', 'bern'];
const filler = 'the road was long and the day was cold so they sang';
const size = { dim: 32, layers: 2, heads: 2, maxLength: 24, dropout: 0 } as const;
let tokenizer: Tokenizer;

/** "kim went to oslo": who, or where to? The answer's place in the context is looked up. */
function ask(name: string, place: string, what: 'who' | 'where', before = '', after = ''): Question {
  const context = `${before}${name} went to ${place}${after}`;
  const start = context.indexOf(what === 'who' ? name : place);
  return { question: what, context, answer: [start, start + (what === 'who' ? name : place).length] };
}

const rows = names.flatMap((name) =>
  places.flatMap((place) => (['who', 'where'] as const).map((what) => ask(name, place, what))),
);

async function trained(): Promise<SpanClassifier> {
  const model = new SpanClassifier({ ...size, vocabSize: tokenizer.vocabSize });
  const optimizer = new AdamW(model.parameters(), { lr: 3e-3 });
  // One name and one place together are kept for the test.
  const seen = rows.filter(({ context }) => context !== 'kim went to oslo');
  for (let step = 0; step < 300; step++) {
    const some = seen.filter((_, i) => i % 3 === step % 3);
    const moved = seen.map((row, i) => shifted(row, i + step)).filter((_, i) => i % 2 === step % 2);
    const { batch, ...answers } = model.batch([...some, ...moved, ...filling(step)], { tokenizer });
    spanLoss(model.call(batch), answers).backward();
    optimizer.step();
  }
  return model;
}

/** Parts of the filler: what windows without an answer look like. */
function filling(step: number): Question[] {
  const words = filler.split(' ');
  return Array.from({ length: 12 }, (_, i) => {
    const part = Array.from({ length: 4 + ((5 * i + step) % 17) }, (_, n) => words[(i + n) % words.length]);
    return { question: (i + step) % 2 ? 'who' : 'where', context: part.join(' '), answer: null };
  });
}

/** The same among words that are no answer, some before it and the rest behind. */
function shifted({ question, context }: Question, i: number): Question {
  const [name, , , place] = context.split(' ');
  const words = filler.split(' ');
  const at = (i * 5) % words.length;
  const [before, after] = [words.slice(0, at), words.slice(at)].map((part) => part.join(' '));
  return ask(name, place, question as 'who' | 'where', `${before} `, ` ${after}`);
}

beforeAll(async () => {
  // Without a BLAS the numbers are the same on all machines: what so small a model makes of rows that it never saw is at the
  // mercy of the last digit.
  await init({ seed: 2, blas: 'off' });
  tokenizer = await Tokenizer.train([...rows.map((r) => r.context), filler, 'who where'], {
    model: 'wordpiece',
    vocabSize: 200,
  });
});

describe('SpanClassifier', () => {
  it('learns, answers by the very characters, and comes back from its folder', async () => {
    const model = await trained();
    const files = new Map<string, Uint8Array>();
    await model.save(files, { tokenizer });
    const loaded = await SpanClassifier.load(files, { tokenizer });
    const asked = [ask('kim', 'oslo', 'who'), ask('kim', 'oslo', 'where'), shifted(ask('kim', 'oslo', 'where'), 1)];
    const before = memory().buffers;
    const answers = await loaded.predict(asked);
    expect(memory().buffers).toBe(before);
    expect(answers.map(({ text }) => text)).toEqual(['kim', 'oslo', 'oslo']);
    for (const [i, { text, start, end, score }] of answers.entries()) {
      expect(asked[i].context.slice(start, end)).toBe(text);
      expect([start, end]).toEqual(asked[i].answer);
      expect(score).toBeGreaterThan(0.5);
      expect(score).toBeLessThanOrEqual(1);
    }
    expect(await loaded.predict(asked, { batchSize: 1 })).toEqual(
      answers.map((answer) => ({ ...answer, score: expect.closeTo(answer.score, 4) })),
    );

    // Far behind what one window holds.
    const far = ask('bob', 'rome', 'where', `${filler} `.repeat(6), ` ${filler}`);
    const [answer] = await loaded.predict([far], { stride: 8 });
    expect([answer.text, answer.start]).toEqual(['rome', far.answer?.[0]]);

    const nowhere = { question: 'where', context: `${filler} ${filler}` };
    const [nothing, passage] = await loaded.predict([nowhere, far], { stride: 8, noAnswer: true });
    expect(nothing).toEqual({ text: '', start: 0, end: 0, score: nothing.score });
    expect(nothing.score).toBeGreaterThan(0.5);
    expect(passage.text).toBe('rome'); // some window holds it: there, no answer is unlikely
  });

  it('trains on the windows that hold the answer whole', () => {
    const model = new SpanClassifier({ ...size, vocabSize: tokenizer.vocabSize });
    const far = ask('bob', 'rome', 'where', `${filler} . `.repeat(4));
    const { batch, starts, ends } = model.batch([far, rows[0]], { tokenizer, stride: 8 });
    expect(batch.shape[0]).toBe(starts.length);
    expect(starts.length).toBeGreaterThanOrEqual(2);
    for (const [i, start] of starts.entries()) {
      const ids = Array.from(batch.ids.subarray(i * batch.shape[1] + start, i * batch.shape[1] + ends[i] + 1));
      expect(tokenizer.decode(ids)).toBe(i === starts.length - 1 ? 'ada' : 'rome');
      expect(batch.typeIds?.[i * batch.shape[1] + start]).toBe(1);
    }
  });

  it('widens answers to words of the context, not into the question', async () => {
    const bare = await Tokenizer.train(['who ada'], { model: 'wordlevel', vocabSize: 9 });
    expect(bare.encode('who', { pair: 'ada' }).wordIds).toEqual([0, 0]);
    const model = new SpanClassifier({ ...size, vocabSize: bare.vocabSize });
    const [{ text, start }] = await model.predict([{ question: 'who', context: '  ada' }], { tokenizer: bare });
    expect([text, start]).toEqual(['ada', 2]);
  });

  it('refuses what cannot be answered or learned', async () => {
    const model = new SpanClassifier({ ...size, vocabSize: tokenizer.vocabSize });
    const question = { question: 'who', context: 'ada went to rome' };
    await expect(model.predict([question])).rejects.toThrow('tokenizer');
    await expect(model.predict([{ question: 'who', context: '' }], { tokenizer })).rejects.toThrow('rows[0].context');
    await expect(model.predict([{ question: filler.repeat(3), context: 'ada' }], { tokenizer })).rejects.toThrow(
      'room for 0',
    );
    const learn = (answer?: readonly [number, number]) => () =>
      model.batch([{ ...question, ...(answer === undefined ? {} : { answer }) }], { tokenizer });
    for (const answer of [undefined, [3, 3], [-1, 2], [0, 99]] as const)
      expect(learn(answer)).toThrow(/rows\[0\]\.answer: expected characters of the context/);
    expect(learn([3, 4])).toThrow('an answer that a window holds'); // a space is no token
    expect(() => new SpanClassifier({ ...size, vocabSize: 9, layers: -1 })).toThrow(ArgumentError);
    expect(await model.predict([], { tokenizer })).toEqual([]);
  });
});
