// Hostile files and hostile texts: typed errors, no hang, time in proportion to length.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { TokenMatcher } from '../src/added-tokens';
import { BertEncoder } from '../src/fast/bert-encoder';
import { CL100K_PATTERN, O200K_PATTERN, QWEN2_PATTERN, scanCl100k, scanGpt2, scanO200k } from '../src/fast/scanners';
import { Tokenizer, TokenizerError } from '../src/index';
import { Merger } from '../src/models/merger';
import { PairTable, UNRANKED } from '../src/models/pair-table';
import { RankMerger } from '../src/models/rank-merger';
import { everyMerge, mergesByRank } from '../src/models/score-merges';
import { TokenSink } from '../src/models/token-sink';
import { Unigram } from '../src/models/unigram';
import { Vocab } from '../src/models/vocab';
import { WordPiece } from '../src/models/word-piece';
import { BertNormalizer } from '../src/normalizers/bert';
import { ordering, UnicodeNormalizer } from '../src/normalizers/unicode-form';
import { GPT2_PATTERN } from '../src/pre-tokenizers/byte-level';
import { tokenizerFromJSON } from '../src/sync';
import { fromByteChars } from '../src/text/byte-alphabet';
import { graphemes } from '../src/text/graphemes';
import { NormalizedString } from '../src/text/normalized-string';
import { Regex } from '../src/text/regex';
import { findSpans } from '../src/text/spans';
import { UnitBuffer } from '../src/text/unit-buffer';
import { linesWithEnds } from '../src/text-files';
import { seedPieces } from '../src/trainers/unigram-seeds';

interface Fixture {
  lines: string[];
  models: Record<string, object>;
  cases: { name: string; json: { model: string } }[];
}
const fixture = JSON.parse(
  gunzipSync(readFileSync(new URL('./fixtures/native.json.gz', import.meta.url))).toString('utf8'),
) as Fixture;
const jsonOf = (i: number): object => {
  const { json } = fixture.cases[i] as Fixture['cases'][number];
  return { ...json, model: fixture.models[json.model] };
};

const added = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
const tiny = (changes: object): object => ({
  model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2, ' ': 3 }, merges: ['a b'] },
  ...changes,
});

describe('refusals', () => {
  it.each([
    ['no JSON', '{', '$'],
    ['no model', {}, '$.model'],
    ['an unknown model', { model: { type: 'X' } }, '$.model.type'],
    ['a merge of nothing', tiny({ model: { type: 'BPE', vocab: { a: 0 }, merges: ['a b'] } }), '$.model.merges[0]'],
    [
      'a merge without result',
      tiny({ model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: ['a b'] } }),
      '$.model.merges[0]',
    ],
    [
      'a merge of three',
      tiny({ model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: ['a b c'] } }),
      '$.model.merges[0]',
    ],
    [
      'two tokens with one id',
      { model: { type: 'WordLevel', vocab: { a: 0, b: 0 }, unk_token: 'a' } },
      '$.model.vocab.b',
    ],
    ['a giant id', { model: { type: 'WordLevel', vocab: { a: 2 ** 40 }, unk_token: 'a' } }, '$.model.vocab.a'],
    ['a negative id', { model: { type: 'WordLevel', vocab: { a: -1 }, unk_token: 'a' } }, '$.model.vocab.a'],
    ['an unknown normaliser', tiny({ normalizer: { type: '__proto__' } }), '$.normalizer.type'],
    [
      'a pattern that could run for ever',
      tiny({ pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+b' }, behavior: 'Isolated', invert: false } }),
      '$.pre_tokenizer.pattern',
    ],
    [
      'a pattern that is none',
      tiny({ pre_tokenizer: { type: 'Split', pattern: { Regex: '(a' }, behavior: 'Isolated', invert: false } }),
      '$.pre_tokenizer.pattern',
    ],
    ...['[[:__proto__:]]', '[[:constructor:]]', '\\p{__proto__}', '\\p{^valueOf}'].map(
      (Regex): [string, object, string] => [
        `the set ${Regex}`,
        tiny({ pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false } }),
        '$.pre_tokenizer.pattern',
      ],
    ),
    [
      'a template with a stranger',
      tiny({
        post_processor: {
          type: 'TemplateProcessing',
          single: [{ SpecialToken: { id: 'x', type_id: 0 } }],
          pair: [],
          special_tokens: {},
        },
      }),
      '$.post_processor.single[0].SpecialToken.id',
    ],
    [
      'a broken table',
      tiny({ normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } }),
      '$.normalizer.precompiled_charsmap',
    ],
    [
      'a unigram without its unknown piece',
      { model: { type: 'Unigram', vocab: [['a', 0]], unk_id: 7 } },
      '$.model.unk_id',
    ],
  ])('%s', async (_, json, where) => {
    const error = await Tokenizer.fromJSON(json, 'tokenizer.json').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TokenizerError);
    expect(error).toMatchObject({ where, file: 'tokenizer.json' });
    expect(() => tokenizerFromJSON(json, 'tokenizer.json')).toThrow((error as TokenizerError).message);
  });
  it('names what is wrong with arguments', async () => {
    const tokenizer = await Tokenizer.fromJSON(jsonOf(0));
    expect(() => tokenizer.decode([999_999])).toThrow(/decode: ids\[0\]: expected an id of the vocabulary/);
    expect(() => tokenizer.encode(5 as unknown as string)).toThrow(/expected a string, got 5/);
    expect(() => tokenizer.encodeBatch(['a', 'b c d'], { padding: false })).toThrow(/padding/);
    const wordLevel = await Tokenizer.fromJSON({ model: { type: 'WordLevel', vocab: { a: 0 }, unk_token: 'x' } });
    expect(() => wordLevel.encode('b')).toThrow(/unk_token/);
  });
  it('decodes padding that the vocabulary does not have, as the native library does', async () => {
    const tokenizer = await Tokenizer.fromJSON({
      model: { type: 'WordLevel', vocab: { a: 1 }, unk_token: 'a' },
      padding: { strategy: { Fixed: 3 }, direction: 'Right', pad_id: 0, pad_type_id: 0, pad_token: '[PAD]' },
    });
    const { ids } = tokenizer.encode('a');
    expect(ids).toEqual([1, 0, 0]);
    expect(tokenizer.decode(ids)).toBe('a');
    expect(() => tokenizer.decode([2])).toThrow(/decode: ids\[0\]/);
  });
  it('does not mistake a vocabulary key for a prototype', async () => {
    const tokenizer = await Tokenizer.fromJSON(
      '{"model":{"type":"WordLevel","vocab":{"__proto__":0,"constructor":1},"unk_token":"__proto__"}}',
    );
    expect(tokenizer.encode('constructor').ids).toEqual([1]);
    expect(tokenizer.encode('toString').ids).toEqual([0]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(JSON.stringify(tokenizer)).toContain('"__proto__":0');
  });
  it('leaves special tokens in a user text alone when told to', async () => {
    const tokenizer = await Tokenizer.fromJSON(tiny({ added_tokens: [{ ...added, id: 2, content: 'ab' }] }));
    expect(tokenizer.encode('ab').tokens).toEqual(['ab']);
    expect([...tokenizer.encodeIds('a b', { allowedSpecial: 'none' })]).toEqual([0, 3, 1]);
  });
});

describe('depth', () => {
  const nested = (depth: number, list: string): object => {
    let json: object = { type: list === 'normalizers' ? 'NFC' : 'Digits', individual_digits: true };
    for (let i = 0; i < depth; i++) json = { type: 'Sequence', [list]: [json] };
    return json;
  };
  const sections = [
    ['normalizer', 'normalizers'],
    ['pre_tokenizer', 'pretokenizers'],
    ['post_processor', 'processors'],
    ['decoder', 'decoders'],
  ] as const;
  it.each(sections)(
    'a %s of Sequences in Sequences is refused from 64 on, by its place and the limit',
    async (section, list) => {
      const json = (depth: number): object => tiny({ [section]: nested(depth, list) });
      const limit = 'at most 128 levels';
      const where = `$.${section}${`.${list}[0]`.repeat(64)}`;
      await expect(Tokenizer.fromJSON(json(64), 'a.json')).rejects.toMatchObject({
        kind: 'limit',
        where,
        expected: limit,
      });
      for (const deep of [json(100), json(5_000)]) {
        await expect(Tokenizer.fromJSON(deep, 'a.json')).rejects.toMatchObject({
          kind: 'limit',
          where,
          file: 'a.json',
        });
        expect(() => tokenizerFromJSON(deep)).toThrow(`${where}: expected ${limit}`);
      }
    },
  );
  it.each(['normalizer', 'pre_tokenizer'] as const)('a %s of 63 works', async (section) => {
    const list = section === 'normalizer' ? 'normalizers' : 'pretokenizers';
    const tokenizer = await Tokenizer.fromJSON(JSON.stringify(tiny({ [section]: nested(63, list) })));
    expect(tokenizer.encode('ab').ids).toEqual([2]);
  });
  it.each([
    ['$.normalizer', '{"normalizer":DEEP,"model":{"type":"WordLevel","vocab":{"a":0}}}'],
    ['$.model.extra', '{"model":{"type":"WordLevel","vocab":{"a":0},"extra":DEEP}}'],
  ])('text that is too deep at %s is refused before it is parsed', async (where, text) => {
    const deep = text.replace('DEEP', '[{"a":'.repeat(500_000) + '1' + '}]'.repeat(500_000));
    await expect(Tokenizer.fromJSON(deep, 'a.json')).rejects.toMatchObject({ kind: 'limit', where, file: 'a.json' });
  });
});

describe('fuzz', () => {
  it('survives mutated files', async () => {
    const sources = [0, 1, 2, 3, 4, 5, 20, 40, 60].map((i) => {
      const json = jsonOf(i) as { model: { vocab: Record<string, number> | [string, number][]; merges?: unknown[] } };
      // Small vocabularies, so that many mutations can be tried.
      const { vocab } = json.model;
      const kept = Array.isArray(vocab) ? vocab.slice(0, 20) : Object.fromEntries(Object.entries(vocab).slice(0, 20));
      return JSON.stringify({
        ...json,
        model: { ...json.model, vocab: kept, ...(json.model.merges ? { merges: [] } : {}) },
      });
    });
    let refused = 0;
    const runs = Number(process.env['HEDDLE_FUZZ'] ?? 5000);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sources),
        fc.array(
          fc.tuple(
            fc.nat(),
            fc.constantFrom('"', '{', '}', '[', ']', '-1', '1e99', 'null', '__proto__', '\\', ',', ':', 'Ā', ''),
          ),
          { minLength: 1, maxLength: 4 },
        ),
        async (source, edits) => {
          let text = source;
          for (const [at, insert] of edits) {
            const place = at % text.length;
            text = text.slice(0, place) + insert + text.slice(place + (at % 3));
          }
          try {
            (await Tokenizer.fromJSON(text)).encode('ab 12 é');
          } catch (error) {
            if (!(error instanceof TokenizerError)) throw error;
            refused++;
          }
        },
      ),
      { numRuns: runs, seed: 7 },
    );
    expect(refused).toBeGreaterThan(runs / 2);
  });
});

describe('long sections', () => {
  /** What a way to read gives: the tokenizer written back, or what is wrong. */
  const outcome = (json: string | object): string => {
    try {
      return JSON.stringify(tokenizerFromJSON(json));
    } catch (error) {
      if (error instanceof TokenizerError) return error.message;
      throw error;
    }
  };
  const parsed = (text: string): string => {
    let json: object;
    try {
      json = JSON.parse(text);
    } catch {
      return 'no JSON';
    }
    return outcome(json);
  };
  const source = JSON.stringify(
    tiny({
      model: {
        type: 'BPE',
        vocab: { a: 0, b: 1, '"': 2, '\\\n': 3, ab: 4, 'aé😀': 5, abab: 7, 'é😀': 8, 'a"': 9 },
        merges: ['a b', 'ab ab', 'a é😀', 'a "'],
      },
    }),
  );
  const pairs = JSON.stringify(
    JSON.parse(source, (key, value) => (key === 'merges' ? value.map((m: string) => m.split(' ')) : value)),
  );
  const scored = JSON.stringify(
    tiny({
      model: {
        type: 'Unigram',
        unk_id: 0,
        vocab: [
          ['<unk>', 0],
          ['a', -1.5],
          ['"', -9.200132369995117],
          ['é😀', -1e-7],
          ['a', -2.5e3],
          ['', 12],
        ],
      },
    }),
  );
  const prefixed = source.replace('"vocab":', '"continuing_subword_prefix":"b","vocab":').replace('"ab":4', '"a":4');
  it('are read as JSON.parse reads them', () => {
    for (const text of [
      source,
      pairs,
      scored,
      scored.replace('"type":"Unigram",', ''),
      scored.replace('-1.5', '1e999'),
      JSON.stringify(JSON.parse(scored), null, 2),
      prefixed,
      source.replace('"vocab":', '"continuing_subword_prefix":"","vocab":'),
      source.replace('}', ',"continuing_subword_prefix":"b"}'),
      source.replace('"a b"', '"#version b"'),
      JSON.stringify(JSON.parse(source), null, 2),
      source.replaceAll(/[^\0-~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
      source.replace('"a":0', '"a":1,"a":0'),
      source.replace('{"a":0', '{"__proto__":6,"a":0'),
      source.replace('"model":', '"model":{},"model":'),
      source.replace('"merges":["a b"', '"merges":["#version: 0.2","a b"'),
    ])
      expect(outcome(text)).toBe(parsed(text));
  });
  it('are read as JSON.parse reads them, whatever a file says', () => {
    let read = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(source, pairs, scored, prefixed),
        fc.nat(),
        fc.nat({ max: 2 }),
        fc.constantFrom(
          '"',
          '{',
          '}',
          '[',
          ']',
          '-',
          '0',
          '1',
          '01',
          '1.',
          'null',
          '\\',
          '\\u00e9',
          ',',
          ':',
          ' ',
          '\n',
          'a',
          '',
        ),
        (text, place, gone, put) => {
          const at = place % text.length;
          const mutated = text.slice(0, at) + put + text.slice(at + gone);
          const theirs = parsed(mutated);
          const ours = outcome(mutated);
          if (theirs === 'no JSON') expect(ours).toMatch(/valid JSON/);
          else expect(ours).toBe(theirs);
          if (ours.startsWith('{')) read++;
        },
      ),
      { numRuns: Number(process.env['HEDDLE_FUZZ'] ?? 4000), seed: 5 },
    );
    expect(read).toBeGreaterThan(200);
  });
});

describe('a vocabulary and a file of merges', () => {
  const tokens = ['a', 'b', 'ab', 'é', '😀', 'abé', 'Ġ', 'Ġa', '#version', '#versiona'];
  const read = async (merges: string, vocab = JSON.stringify(Object.fromEntries(tokens.map((t, id) => [t, id])))) => {
    const files = { 'vocab.json': vocab, 'merges.txt': merges };
    const bytes = Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)] as const);
    const tokenizer = await Tokenizer.load(new Map(bytes));
    return (JSON.parse(JSON.stringify(tokenizer)) as { model: { vocab: object; merges: string[][] } }).model;
  };
  const merges = ['a b', 'ab é', 'Ġ a'];
  it.each([
    ['with a version', `#version: 0.2\n${merges.join('\n')}\n`],
    ['with the other line ends', `#version: 0.2\r\n${merges.join('\r\n')}\r\n`],
    ['without an end of the last line', merges.join('\n')],
    ['with empty lines', `\n${merges.join('\n\n')}\n\n`],
    ['with a version that is no merge', `${merges.join('\n')}\n#version a\n`],
    ['with an end that is not a line’s', `${merges.join('\n')}\r`],
  ])('are read %s', async (_, text) => {
    const model = await read(text);
    expect(model.merges).toEqual(merges.map((merge) => merge.split(' ')));
    expect(Object.keys(model.vocab)).toEqual(tokens);
  });
  it.each([
    ['a', 'two tokens with a space between'],
    ['a b é', 'two tokens with a space between'],
    ['a x', 'tokens of the vocabulary'],
    ['b a', 'a merge whose result is in the vocabulary'],
    ['\r', 'two tokens with a space between'],
  ])('are refused with the merge %j', async (line, expected) => {
    await expect(read(`#version: 0.2\na b\n${line}\n`)).rejects.toMatchObject({ where: 'merges[1]', expected });
  });
  it.each(['{"a":0,"b":0}', '{"a":0}x', '{"a":-1}', '[]', '{'])('are refused with the vocabulary %j', async (vocab) => {
    await expect(read('', vocab)).rejects.toBeInstanceOf(TokenizerError);
  });
});

/** Units that count how often they are read. */
function watchedUnits(text: string): { readonly units: Uint16Array; readonly reads: () => number } {
  let reads = 0;
  const units = new UnitBuffer().load(text, 0, text.length);
  const get = (target: Uint16Array, at: string | symbol): unknown => {
    reads++;
    return target[Number(at)];
  };
  return { units: new Proxy(units, { get }), reads: () => reads };
}

describe('rank files', () => {
  const read = (text: string): Promise<Tokenizer> =>
    Tokenizer.load(new Map([['tiktoken.model', new TextEncoder().encode(text)]]), { tiktoken: { pattern: '.+' } });
  it.each(['constructor', 'gpt5'])('of an encoding %s that nobody knows are refused by its name', async (encoding) => {
    const file = new Map([['tiktoken.model', new TextEncoder().encode('YQ== 0\n')]]);
    const options = { tiktoken: { encoding: encoding as 'gpt2' } };
    await expect(Tokenizer.load(file, options)).rejects.toMatchObject({ where: 'tiktoken.encoding' });
  });
  it('are read in any order, with either line ends, whatever the bytes', async () => {
    const single = Array.from({ length: 256 }, (_, byte) => Buffer.from([byte]));
    const tokens = [
      ...single,
      ...['aa', 'aaa', 'ünï', 'four'].map((text) => Buffer.from(text)),
      Buffer.from([0xff, 0x80]),
    ];
    const lines = tokens.map((token, rank) => `${token.toString('base64')} ${rank}\r\n`).reverse();
    const tokenizer = await read(`${lines.join('')}\n`);
    const bytes = tokens.map((_, id) => Buffer.from(fromByteChars(tokenizer.idToToken(id) ?? '') ?? []));
    expect(bytes).toEqual(tokens);
  });
  it.each([
    ['YQ== 0\nYg== 0', 2, 'a rank of its own'],
    ['YQ== 0\nYg==0', 2, 'base64, a space and a rank'],
    ['YQ== 1x', 1, 'base64, a space and a rank'],
    ['YQ== 99999999', 1, 'base64, a space and a rank'],
    ['YQ= 0', 1, 'base64'],
    ['Y*== 0', 1, 'base64'],
  ])('%j is refused by its line', async (text, line, expected) => {
    const file = read(`eg== 7\n${text}`);
    await expect(file).rejects.toMatchObject({ kind: 'file', where: `line ${line + 1}`, expected });
  });
});

describe('tables of pairs', () => {
  it('grow beyond what they were made for', () => {
    const table = new PairTable(0);
    for (let i = 0; i < 5000; i++) table.set(i, 7 * i, i, i + 1);
    expect(table.size).toBe(5000);
    for (let i = 0; i < 5000; i++) expect(table.mergedAt(table.find(i, 7 * i))).toBe(i + 1);
    expect(table.find(3, 3)).toBe(-1);
    expect(table.byRank().map(({ first }) => first)).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  });
  it('that are looked up when they are met are those of every way to make a token', () => {
    const token = fc.string({ unit: fc.constantFrom('a', 'é'), minLength: 1, maxLength: 5 });
    const tokens = fc.uniqueArray(token, { minLength: 8 });
    let merges = 0;
    fc.assert(
      fc.property(tokens, fc.integer({ min: 1, max: 5 }), (texts, step) => {
        const vocab = new Vocab(texts);
        const ranks = Int32Array.from(texts, (_, id) => (id % step === 1 ? UNRANKED : id >> 1));
        const all = everyMerge(vocab, ranks);
        const met = mergesByRank(vocab, ranks);
        for (let first = 0; first < texts.length; first++)
          for (let second = 0; second < texts.length; second++) {
            const rank = all.rankOf(first, second);
            expect(met.rankOf(first, second)).toBe(rank);
            if (rank === UNRANKED) continue;
            expect(met.mergedAt(met.find(first, second))).toBe(all.mergedAt(all.find(first, second)));
            merges++;
          }
        expect(met.byRank()).toEqual(all.byRank());
      }),
      { seed: 11, numRuns: 300 },
    );
    expect(merges).toBeGreaterThan(100);
  });
  it('are not needed where ranks are ids: unions that are looked up in the word give the same', () => {
    const token = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 2, maxLength: 6 });
    let joined = 0;
    fc.assert(
      fc.property(
        fc.uniqueArray(token, { minLength: 6, maxLength: 40 }),
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 150 }), { minLength: 3 }),
        (texts, words) => {
          const vocab = new Vocab(['a', 'b', 'c', ...texts]);
          const table = everyMerge(vocab, undefined);
          const ranks = new RankMerger(vocab, vocab.longest);
          for (const word of words) {
            const merger = new Merger();
            ranks.clear();
            for (let i = 0; i < word.length; i++) {
              const id = vocab.idOf(word.charAt(i)) as number;
              merger.push(id, i, i + 1, 1);
              ranks.push(word.charCodeAt(i), id, i, i + 1);
            }
            const sink = new TokenSink();
            ranks.merge(sink);
            merger.merge(table);
            expect(sink.ids.slice(0, sink.length)).toEqual(merger.ids.slice(0, merger.length));
            for (let i = 0; i < sink.length; i++)
              expect([...sink.ranges.subarray(2 * i, 2 * i + 2)]).toEqual([merger.starts[i], merger.ends[i]]);
            joined += word.length - sink.length;
          }
        },
      ),
      { seed: 12, numRuns: 200 },
    );
    expect(joined).toBeGreaterThan(1000);
  });
  it('let a token have its rank though another of the same text has none', () => {
    const vocab = new Vocab(['a', 'b', 'ab', 'ab']);
    expect(mergesByRank(vocab, Int32Array.of(UNRANKED, UNRANKED, 5, UNRANKED)).rankOf(0, 1)).toBe(5);
  });
});

describe('the scanners', () => {
  const patterns: readonly string[] = [GPT2_PATTERN, CL100K_PATTERN, QWEN2_PATTERN, O200K_PATTERN];
  const pieces = [
    ..." '\n\r\t\u00a0/.,!aAzZsStTrReEvVlLdDmM019ſK²½éÉǅß漢あ۳अा\u0301\u0316\u200d\u0085\ufeff",
    '𝐀',
    '𐐨',
    '😀',
    '𝟘',
    '  ',
    "'re",
  ];
  it.each(patterns)('cut as the pattern does: %s', (pattern) => {
    const regex = new Regex(pattern);
    const scan = pattern === GPT2_PATTERN ? scanGpt2 : regex.scan;
    const texts = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 24 });
    fc.assert(
      fc.property(texts, (parts) => {
        const text = parts.join('');
        const units = new UnitBuffer().load(text, 0, text.length);
        const words: string[] = [];
        for (let at = 0; at < text.length; at += words.at(-1)?.length ?? 0)
          words.push(text.slice(at, scan?.(units, at, text.length)));
        expect(words).toEqual(findSpans(regex.compiled, text).map(({ start, end }) => text.slice(start, end)));
      }),
      { seed: 7, numRuns: 5000 },
    );
  });
});

describe('options that no call has', () => {
  it.each<[string, object]>([
    ['truncation.strategy', { truncation: { maxLength: 9, strategy: 'longest_first' } }],
    ['truncation.side', { truncation: { maxLength: 9, side: 'up' } }],
    ['truncation.stride', { truncation: { maxLength: 9, stride: -1 } }],
    ['maxLength', { maxLength: '5' }],
    ['maxLength', { truncation: 5 }],
    ['padding', { padding: 'max_length' }],
    ['padding', { padding: -3 }],
    ['paddingSide', { padding: 8, paddingSide: 'middle' }],
    ['padToMultipleOf', { padToMultipleOf: -2 }],
  ])('are named: %s of %j', async (where, options) => {
    const tokenizer = await Tokenizer.fromJSON(tiny({}));
    const error = expect.objectContaining({ name: 'TokenizerError', where });
    expect(() => tokenizer.encode('a', options)).toThrow(error);
    expect(() => tokenizer.encodeBatch(['a'], options)).toThrow(error);
  });
});

describe('the cache of words', () => {
  it('counts on, however many words a stretch of text is cut into', async () => {
    const many = await Tokenizer.fromJSON(
      JSON.stringify({
        normalizer: { type: 'Replace', pattern: { String: 'a' }, content: '▁'.repeat(5000) },
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            { type: 'WhitespaceSplit' },
            { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
          ],
        },
        model: { type: 'BPE', vocab: { z: 0 }, merges: [] },
      }),
    );
    // Each a is 5000 words that have no token; the second one was met before.
    expect(many.encode('a z a z').wordIds).toEqual([5000, 10001]);
  });
});

describe('the buffer of units', () => {
  it('holds what charCodeAt gives, whatever the length, the range and the text before', () => {
    const buffer = new UnitBuffer();
    const pieces = ['a', 'é', '\u2028', '漢', '😀', '\ud800', '\udc00', '\0'];
    for (const length of [0, 1, 31, 32, 33, 4000, 70, (1 << 20) + 3, 40, 32]) {
      const text = Array.from({ length }, (_, i) => pieces[(i * i + length) % pieces.length]).join('');
      for (const [from, to] of [
        [0, text.length],
        [length >> 2, length >> 1],
      ] as const) {
        const units = buffer.load(text, from, to);
        expect(text.length).toBeLessThanOrEqual(units.length);
        let differ = 0;
        for (let i = from; i < to; i++) if (units[i] !== text.charCodeAt(i)) differ++;
        expect(differ).toBe(0);
      }
    }
  });
});

describe('linear time', () => {
  /** Operations on 1 MB through those on 100 kB. */
  const ratio = (operations: (length: number) => number): number => operations(1_000_000) / operations(100_000);
  const repeat = (text: string, length: number): string => text.repeat(length / text.length);
  const hostile: readonly string[] = ['a', ' ', 'aа', " '", '\n ', '1', '\u0301\u0316', 'é', '.,', '漢', '😀'];

  it('merges a run of one letter in operations in proportion to its length', () => {
    const table = new PairTable(20);
    for (let i = 0; i < 20; i++) table.set(i, i, i, i + 1);
    const operations = (length: number): number => {
      const merger = new Merger();
      for (let i = 0; i < length; i++) merger.push(0, i, i + 1, 1);
      merger.merge(table);
      return merger.operations;
    };
    expect(ratio(operations)).toBeLessThan(15);
  });
  it('merges a run of one letter by ranks in operations in proportion to its length', () => {
    const vocab = new Vocab(Array.from({ length: 20 }, (_, i) => 'a'.repeat(i + 1)));
    const operations = (length: number): number => {
      const merger = new RankMerger(vocab, vocab.longest);
      merger.clear();
      for (let i = 0; i < length; i++) merger.push(0x61, 0, i, i + 1);
      merger.merge(new TokenSink());
      return merger.operations;
    };
    expect(ratio(operations)).toBeLessThan(15);
  });
  it.each(hostile)('the scanners read %j in proportion to its length', (text) => {
    for (const scan of [scanGpt2, scanCl100k(3), scanCl100k(1), scanO200k])
      expect(
        ratio((length) => {
          const { units, reads } = watchedUnits(repeat(text, length));
          for (let at = 0; at < length; ) at = scan(units, at, length);
          return reads();
        }),
      ).toBeLessThan(15);
  });
  it.each(hostile)('BERT’s quick path reads %j in proportion to its length', (text) => {
    const encoder = new BertEncoder(new WordPiece(['[UNK]', 'a', '##a']), new BertNormalizer());
    expect(
      ratio((length) => {
        const { units, reads } = watchedUnits(repeat(text, length));
        encoder.encodeUnits(units, 0, length, new TokenSink());
        return reads();
      }),
    ).toBeLessThan(15);
  });
  it('WordPiece and Unigram look up pieces in proportion to the length of a word', () => {
    const tokens = ['[UNK]', 'a', '##a', 'aa', '##aa', 'aaab', '##aaab'];
    const operations = (model: WordPiece | Unigram, length: number): number => {
      const before = model.operations;
      model.tokenize('a'.repeat(length), new TokenSink());
      return model.operations - before;
    };
    const wordPiece = new WordPiece(tokens, { maxInputCharsPerWord: 2_000_000 });
    expect(ratio((length) => operations(wordPiece, length))).toBeLessThan(15);
    const unigram = new Unigram(tokens, new Float64Array(tokens.length).fill(-1), { unkId: 0 });
    expect(ratio((length) => operations(unigram, length))).toBeLessThan(15);
  });
  it('Unigram reads no more units for long pieces that begin with one another than it looks up', () => {
    const reads = (longest: number): number => {
      const tokens = ['[UNK]', ...Array.from({ length: longest }, (_, i) => 'a'.repeat(i + 1))];
      const unigram = new Unigram(tokens, new Float64Array(tokens.length).fill(-1), { unkId: 0 });
      const text = 'a'.repeat(2000);
      let count = 0;
      const counted = Object.assign(new String(text), {
        charCodeAt: (at: number): number => {
          count++;
          return text.charCodeAt(at);
        },
      });
      const sink = new TokenSink();
      unigram.tokenize(counted as unknown as string, sink);
      expect([...sink.ids.subarray(0, sink.length)]).toEqual(new Array(2000 / longest).fill(longest));
      return count;
    };
    expect(reads(400) / reads(40)).toBeLessThan(15);
  });
  it.each(['NFC', 'NFD', 'NFKC', 'NFKD'] as const)('%s orders marks without comparing each to each', (form) => {
    const operations = (length: number): number => {
      const before = ordering.comparisons;
      const text = new NormalizedString(`a${repeat('\u0301\u0316', length)}`);
      new UnicodeNormalizer(form).apply(text);
      expect(text.text.length).toBeLessThanOrEqual(length + 1);
      return ordering.comparisons - before;
    };
    expect(ratio(operations)).toBeLessThan(15);
  });
  it('takes texts and batches that are longer than a call may have arguments', async () => {
    const tokenizer = await Tokenizer.fromJSON(tiny({ normalizer: { type: 'NFD' } }));
    expect(tokenizer.count(`a${'\u0316'.repeat(300_000)}`)).toBe(1);
    expect(tokenizer.encode('a', { padding: 300_000, paddingSide: 'left' }).ids.length).toBe(300_000);
    expect(tokenizer.encodeAll(new Array(300_000).fill('')).length).toBe(300_000);
  });
  it.each([
    [true, false],
    [false, true],
    [true, true],
  ])('white space that is an added token, and that such tokens take (left %s, right %s)', (lstrip, rstrip) => {
    const token = { id: 0, content: ' ', singleWord: false, lstrip, rstrip, normalized: false, special: false };
    const matcher = new TokenMatcher([{ text: ' ', token }]);
    const operations = (length: number): number => {
      let reads = 0;
      const text = ' '.repeat(length);
      const counted = Object.assign(new String(text), {
        charCodeAt: (at: number): number => {
          reads++;
          return text.charCodeAt(at);
        },
      });
      expect(matcher.split(counted as unknown as string).at(-1)?.end).toBe(length);
      return reads;
    };
    expect(ratio(operations)).toBeLessThan(15);
  });
  it('learns unigram pieces from one letter in time proportional to its number', () => {
    // Sorting whole suffixes would compare some ten thousand million letters.
    const seeds = seedPieces(new Map([['a'.repeat(100_000), 1]]), 16, 1_000_000);
    expect(seeds.map(({ text }) => text.length).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 16 }, (_, i) => i + 1),
    );
  });
  it('reads a line that comes in many pieces in time proportional to its length', async () => {
    async function* pieces(): AsyncGenerator<string> {
      for (let i = 0; i < 10_000; i++) yield 'a'.repeat(10_000);
      yield 'b\nc\n\nd';
    }
    const lines: string[] = [];
    for await (const line of linesWithEnds(pieces())) lines.push(line);
    expect(lines.map((line) => line.length)).toEqual([100_000_002, 2, 1, 1]);
  });
  it('gives the engine, which is not linear, short pieces of a text to find its graphemes', () => {
    const segment = vi.spyOn(Intl.Segmenter.prototype, 'segment');
    for (const text of ['각', '\r\n', 'e\u0301', 'a👩‍👩‍👧']) {
      segment.mockClear();
      const all = text.repeat(100_000 / text.length);
      expect([...graphemes(all)].join('')).toBe(all);
      const lengths = segment.mock.calls.map(([piece]) => piece?.length ?? 0);
      expect(Math.max(...lengths)).toBeLessThan(1000);
      expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThan(1.1 * all.length);
    }
    segment.mockRestore();
  });
  it('finds the graphemes that the engine finds, wherever pieces begin and end', () => {
    const engine = new Intl.Segmenter('und', { granularity: 'grapheme' });
    const joining = fc.constantFrom(...'a\r\n각가각กำ\u0301\u200d👩👧🏽🇩🇪❤\ufe0fक्ष\u{e0067}\ud83d');
    fc.assert(
      fc.property(fc.array(joining, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (chars, window) => {
        const text = chars.join('');
        expect([...graphemes(text, window)]).toEqual(Array.from(engine.segment(text), ({ segment }) => segment));
      }),
      { seed: 9, numRuns: 5000 },
    );
  });
  it('orders many marks as the engine orders few', () => {
    const marks = 'é\u0316\u0301\u0323\u0344\u0315\u0308';
    for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const) {
      const text = new NormalizedString(marks.repeat(40) + marks.slice(1).repeat(60));
      const expected = text.text.normalize(form);
      new UnicodeNormalizer(form).apply(text);
      expect(text.text).toBe(expected);
    }
  });
});

describe('properties', () => {
  const bytes = tokenizerFromJSON(jsonOf(0));
  it('byte-level BPE gives every text back, and its stream the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const { ids } = bytes.encode(text);
        expect(bytes.decode(ids, { skipSpecialTokens: false })).toBe(text);
        const stream = bytes.decodeStream({ skipSpecialTokens: false });
        expect(ids.map((id) => stream.push(id)).join('') + stream.end()).toBe(text);
      }),
      { seed: 3, numRuns: 400 },
    );
  });
  it('offsets cut the original, and windows cover it', () => {
    for (const text of fixture.lines.slice(0, 80).filter((line) => line.length > 20)) {
      const { tokens, offsets } = bytes.encode(text);
      expect(offsets.length).toBe(tokens.length);
      expect(offsets.every(([start, end]) => start < end && end <= text.length)).toBe(true);
      const window = bytes.encode(text, { truncation: { maxLength: 7, stride: 2 } });
      const ids = [window, ...window.overflowing].flatMap((part, i) => part.ids.slice(i === 0 ? 0 : 2));
      expect(ids).toEqual(bytes.encode(text).ids);
    }
  });
  it('truncates a text between characters', () => {
    for (const text of fixture.lines.slice(0, 60)) {
      const cut = bytes.truncateText(text, 5);
      expect(text.startsWith(cut)).toBe(true);
      expect(bytes.count(cut)).toBeLessThanOrEqual(5);
    }
  });
  it('truncates a text to no more tokens than asked for where words have an end of their own', () => {
    const vocab = Object.fromEntries(
      ['a', 'b', 'a</w>', 'b</w>', 'ab', 'aba', 'abab</w>'].map((token, id) => [token, id]),
    );
    const merges = ['a b', 'ab a', 'aba b</w>'];
    const words = tokenizerFromJSON({
      model: { type: 'BPE', vocab, merges, end_of_word_suffix: '</w>' },
      pre_tokenizer: { type: 'WhitespaceSplit' },
    });
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 20 }),
        fc.nat({ max: 8 }),
        (text, most) => {
          const cut = words.truncateText(text, most);
          expect(text.startsWith(cut)).toBe(true);
          expect(words.count(cut)).toBeLessThanOrEqual(most);
          if (words.count(text) <= most) expect(cut).toBe(text);
        },
      ),
      { seed: 4, numRuns: 2000 },
    );
  });
});
