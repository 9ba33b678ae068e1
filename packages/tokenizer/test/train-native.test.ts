// Training against the native trainers, on the same generated lines.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Tokenizer, type TrainOptions } from '../src/index';

interface BpeJson {
  vocab: Record<string, number>;
  merges: [string, string][];
}
const fixture = JSON.parse(
  gunzipSync(readFileSync(new URL('./fixtures/native.json.gz', import.meta.url))).toString('utf8'),
) as {
  lines: string[];
  models: { bpe: BpeJson; wordpiece: BpeJson; wordlevel: BpeJson; unigram: { vocab: [string, number][] } };
};
const lines = fixture.lines.slice(0, 600);
const modelOf = async (texts: readonly string[], options: TrainOptions): Promise<unknown> =>
  (await Tokenizer.train(texts, options)).toJSON()['model'];

describe('training', () => {
  it('learns the same BPE vocabulary and merges', async () => {
    const specialTokens = ['<s>', '</s>', '<|endoftext|>'];
    const ours = (await modelOf(lines, { model: 'bpe', vocabSize: 900, specialTokens })) as BpeJson;
    expect(ours.vocab).toEqual(fixture.models.bpe.vocab);
    expect(ours.merges).toEqual(fixture.models.bpe.merges);
  });
  it('learns the same words', async () => {
    const ours = (await modelOf(lines, {
      model: 'wordlevel',
      vocabSize: 400,
      specialTokens: ['[UNK]'],
      normalizer: null,
    })) as BpeJson;
    expect(ours.vocab).toEqual(fixture.models.wordlevel.vocab);
  });
  it('learns the same unigram pieces and probabilities', async () => {
    const ours = (await modelOf(lines.slice(0, 300), {
      model: 'unigram',
      vocabSize: 1500,
      specialTokens: ['<unk>', '<s>', '</s>'],
      normalizer: { type: 'NFKC' },
    })) as { vocab: [string, number][] };
    const theirs = new Map(fixture.models.unigram.vocab);
    expect(ours.vocab.map(([piece]) => piece).sort()).toEqual(
      fixture.models.unigram.vocab.map(([piece]) => piece).sort(),
    );
    // Characters that no piece needs share out the lowest scores in an order that the native trainer leaves to chance.
    for (const [piece, score] of ours.vocab.slice(3))
      if (piece !== '<s>' && piece !== '</s>' && piece !== '<unk>')
        expect(Math.abs(score - (theirs.get(piece) as number)), piece).toBeLessThan(0.05);
  });
  it('learns the same WordPiece vocabulary but for ties', async () => {
    // The native trainer numbers ##characters by the order of a hash map, and numbers decide ties: two of its own runs differ.
    const ours = (await modelOf(lines.slice(0, 300), {
      model: 'wordpiece',
      vocabSize: 1200,
      limitAlphabet: 300,
    })) as BpeJson;
    // Of characters that are equally rare, chance decides there which ones the limit leaves out: only shared ones count.
    const theirs = fixture.models.wordpiece.vocab;
    const shared = (token: string): boolean =>
      [...token.replace(/^##/, '')].every((char) => char in theirs && char in ours.vocab);
    const a = Object.keys(ours.vocab).filter(shared);
    const b = new Set(Object.keys(theirs).filter(shared));
    expect(a.length).toBeGreaterThan(800);
    expect(a.filter((token) => !b.has(token)).length).toBeLessThan(a.length * 0.1);
  });
  it('stops when it is told to', async () => {
    await expect(Tokenizer.train(lines, { model: 'bpe', signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
  });
});
