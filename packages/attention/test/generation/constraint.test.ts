// Text that is held to a pattern or a schema matches, whatever the model, the vocabulary and the way of choosing.

import { Generator, init, memory } from '@heddle/tensor';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile, DEAD } from '../../src/generation/constraint/automaton';
import { integerPattern } from '../../src/generation/constraint/integer-pattern';
import { schemaPattern } from '../../src/generation/constraint/json-schema';
import type { Pattern } from '../../src/generation/constraint/pattern';
import { parseRegularExpression } from '../../src/generation/constraint/regular-expression';
import { SortedVocabulary } from '../../src/generation/constraint/sorted-vocabulary';
import { constrainToPattern, constrainToSchema, Gpt2, gpt2Config, type TextCodec } from '../../src/index';

/** Whether an automaton takes a text. */
function matcher(pattern: Pattern): (text: string) => boolean {
  const automaton = compile(pattern);
  return (text) => {
    let state = 0;
    for (const byte of new TextEncoder().encode(text)) {
      state = automaton.step(state, byte);
      if (state === DEAD) return false;
    }
    return automaton.accepts(state);
  };
}

describe('automata take what the engine takes', () => {
  it.each<[RegExp, readonly string[]]>([
    [/abc/, ['abc', 'ab', 'abcd', '']],
    [/a*b+c?/, ['b', 'aab', 'abbc', 'ac', 'abcc']],
    [/(?:ab|a)(bc|c)/, ['abc', 'abbc', 'ac', 'ab']],
    [/^\d{2,4}-[^a-y\d]$/, ['12-z', '1-z', '12345-z', '1234-é', '12-\n', '12-y']],
    [/[\w.]+@[\w-]+\.(com|org)/, ['a.b@c-d.org', 'a@b.net', '@b.com']],
    [/é+|€{2}|😀?x/u, ['é', 'éé', '€€', '€', '😀x', 'x', '😀']],
    [/[à-ÿ]{3}/, ['éèê', 'abc', 'éè']],
    [/[\s\S]|./s, ['\n', 'a', '😀', '']],
    [/./, ['\n', 'a', '\u2028', 'ß']],
    [/hello|[a-c]x/i, ['HeLLo', 'Bx', 'dx']],
    [/\p{Lu}\p{Ll}+/u, ['Été', 'été', 'Abc', 'A1']],
    [/\u{1F600}|\x41\u0042\t/u, ['😀', 'AB\t', 'A']],
    [/(a|b)*abb/, ['abb', 'aabb', 'babb', 'ab']],
    [/(a{2}){3}|x{0}y/, ['aaaaaa', 'aaaaa', 'y', 'xy']],
    [/(?<year>\d+)\/\d+?/, ['2024/1', '2024/']],
    [/[\s\S]{2}/, ['a\n', 'é😀', 'a']],
    [/[\]\\^-]+/, ['-', '^]\\', 'a']],
    [/(a*)*b|()/, ['aaab', '', 'b', 'a']],
  ])('%s', (expression, texts) => {
    const matches = matcher(parseRegularExpression(expression));
    const whole = new RegExp(`^(?:${expression.source})$`, expression.flags.replace('u', '') + 'u');
    for (const text of texts) expect(matches(text), JSON.stringify(text)).toBe(whole.test(text));
  });

  it('for generated expressions and texts', () => {
    const leaf = fc.constantFrom('a', 'b', 'é', '[ab]', '[^a]', '.', '\\d', '😀');
    const expression = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        fc.tuple(tie('node'), tie('node')).map(([a, b]) => `${a}${b}`),
        fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(?:${a}|${b})`),
        fc.tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '*?')).map(([a, q]) => `(?:${a})${q}`),
      ),
    })).node;
    const text = fc.array(fc.constantFrom('a', 'b', 'é', '1', '😀', '\n'), { maxLength: 6 }).map((c) => c.join(''));
    fc.assert(
      fc.property(expression, fc.array(text, { minLength: 5, maxLength: 5 }), (source, texts) => {
        const matches = matcher(parseRegularExpression(source));
        const whole = new RegExp(`^(?:${source})$`, 'u');
        for (const one of texts) expect(matches(one)).toBe(whole.test(one));
      }),
      { numRuns: 200, seed: 5 },
    );
  });

  it('whole numbers between bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1200, max: 1200 }),
        fc.nat(900),
        fc.integer({ min: -2500, max: 2500 }),
        (lo, n, x) => {
          expect(matcher(integerPattern(lo, lo + n))(String(x))).toBe(x >= lo && x <= lo + n);
        },
      ),
      { numRuns: 300, seed: 6 },
    );
    const open = matcher(integerPattern(7, Number.POSITIVE_INFINITY));
    for (const [text, matches] of [
      ['7', true],
      ['6', false],
      ['123456789', true],
      ['-8', false],
      ['07', false],
    ] as const)
      expect(open(text)).toBe(matches);
  });

  it('numbers between bounds', () => {
    const bound = fc.integer({ min: -3000, max: 3000 }).map((n) => n / 100);
    fc.assert(
      fc.property(bound, bound, fc.integer({ min: -40_000, max: 40_000 }), fc.nat(3), (a, b, n, places) => {
        const [lo, hi] = a < b ? [a, b] : [b, a];
        const text = (n / 1000).toFixed(places);
        const written = text.replace(/^-(0(\.0*)?)$/, '$1');
        const x = Number(written);
        const matches = matcher(schemaPattern({ type: 'number', minimum: lo, maximum: hi }));
        expect(matches(written), `${lo} ≤ ${written} ≤ ${hi}`).toBe(x >= lo && x <= hi);
      }),
      { numRuns: 400, seed: 7 },
    );
    const positive = matcher(schemaPattern({ type: 'number', exclusiveMinimum: 0, maximum: 1 }));
    for (const [text, valid] of [
      ['0', false],
      ['0.0', false],
      ['0.5', true],
      ['1', true],
      ['1.00', true],
      ['1.01', false],
      ['1.', false],
      ['.5', false],
      ['-0.5', false],
    ] as const)
      expect(positive(text), text).toBe(valid);
    const open = matcher(schemaPattern({ type: 'number', minimum: 2.5 }));
    for (const [text, valid] of [
      ['2.4', false],
      ['2.50', true],
      ['2.6', true],
      ['3', true],
      ['2', false],
      ['1234.5', true],
    ] as const)
      expect(open(text), text).toBe(valid);
  });

  it.each<[RegExp | string, string]>([
    [/(?=a)b/, 'lookaround'],
    [/(?<!a)b/, 'lookaround'],
    [/(a)\1/, 'back references'],
    [/a\bc/, 'an escape that is known'],
    [/a^b/, 'at the start'],
    ['a(b', 'a ) for each ('],
    ['a)b', 'a group that was opened'],
    ['*a', 'something to repeat'],
    ['a{3,1}', 'does not fall'],
    ['[z-a]', 'rising'],
    ['[ab', 'more'],
    ['a{20000}', 'at most 10000'],
    ['[^\\s\\S]', 'some text matches'],
  ])('refuse %s', (expression, message) => {
    expect(() => compile(parseRegularExpression(expression))).toThrow(message);
  });
});

describe('automata are made as far as texts go', () => {
  it('where all of their states would never fit', () => {
    const matches = matcher(parseRegularExpression('(a|b)*a(a|b){20}'));
    expect([`ba${'b'.repeat(20)}`, `bb${'b'.repeat(20)}`].map(matches)).toEqual([true, false]);
    const automaton = compile(parseRegularExpression('((a{999}){999}){999}'));
    expect(automaton.distance(0)).toBe(999 ** 3);
    expect(automaton.distance(automaton.step(0, 97))).toBe(999 ** 3 - 1);
  });

  it('and stay where nothing matches any more', () => {
    const automaton = compile(parseRegularExpression('ab?'));
    const dead = automaton.step(0, 98);
    expect([dead, automaton.step(dead, 97)]).toEqual([DEAD, DEAD]);
    expect([automaton.accepts(dead), automaton.distance(dead)]).toEqual([false, Number.POSITIVE_INFINITY]);
  });

  it('and no further than fits', () => {
    const automaton = compile(parseRegularExpression('(a{0,2000}){0,2000}'));
    const walk = (): void => {
      for (let state = 0; ; ) state = automaton.step(state, 97);
    };
    expect(walk).toThrow('pattern: expected a pattern that leads to at most 200000 states');
    expect(automaton.states).toBeLessThan(1_000);
    // What there is stays as it was.
    expect(automaton.accepts(automaton.step(0, 97))).toBe(true);
  });
});

/** A vocabulary of all bytes and some longer pieces that cut characters in the middle. */
const pieces: readonly Uint8Array[] = [
  ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  ...['{"', '":', ', ', 'ab', '12', '20', ' "', 'é"', 'true', 'null', '\n'].map((text) =>
    new TextEncoder().encode(text),
  ),
  Uint8Array.of(0xf0, 0x9f),
  Uint8Array.of(0x98, 0x80, 0x22),
  Uint8Array.of(0x22, 0xc3),
];
const alphabet = (bytes: Uint8Array): string => {
  const printed = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  const table = Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printed(byte) ? byte : next++));
  return Array.from(bytes, (byte) => table[byte]).join('');
};
const EOS = pieces.length;
const codec: TextCodec = {
  vocabSize: EOS + 1,
  encode: (text) => ({ ids: [...new TextEncoder().encode(text)], tokens: [], offsets: [] }),
  encodeBatch: () => ({ ids: new Int32Array(0), mask: new Int32Array(0), shape: [0, 0] }),
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(Array.from(ids).flatMap((id) => [...(pieces[id] ?? [])]))),
  toJSON: () => ({
    model: { type: 'BPE', vocab: Object.fromEntries(pieces.map((bytes, id) => [alphabet(bytes), id])) },
    decoder: { type: 'ByteLevel' },
    added_tokens: [{ id: EOS, content: '<|end|>', special: true }],
  }),
};

let model: Gpt2;
beforeAll(async () => {
  await init({ backend: 'wasm', seed: 3 });
  model = new Gpt2(
    gpt2Config({ vocabSize: codec.vocabSize, dim: 16, layers: 1, heads: 2, maxLength: 160, eosIds: [EOS] }),
  ).eval();
});

const ways = {
  greedy: {},
  drawn: { temperature: 3, seed: 1, returnSequences: 6 },
  'drawn from few': { topK: 40, temperature: 2, seed: 2, returnSequences: 3 },
  beams: { beams: 3, returnSequences: 3 },
  'groups of beams': { beams: 4, beamGroups: 2, diversityPenalty: 1, returnSequences: 2 },
  contrastive: { contrastiveAlpha: 0.5, topK: 4 },
  'without an end of its own': { temperature: 2, seed: 4, eosIds: [] as number[], returnSequences: 3 },
} as const;

describe.each(Object.keys(ways) as (keyof typeof ways)[])('%s', (way) => {
  it.each([
    /\d{4}-\d\d-\d\d/,
    /(yes|no|maybe), (I|we) do( not)?\./,
    /[éà€😀]{3,5}!/u,
    /"[^"]*"/,
    /[\u4e00-\u9fff]{2}/,
    /x*/,
  ])('matches %s', async (pattern) => {
    for (const maxNewTokens of [24, 60]) {
      const found = await model.generate(['a'], { tokenizer: codec, pattern, maxNewTokens, ...ways[way] });
      expect(found.length).toBeGreaterThan(0);
      for (const { text } of found) expect(text).toMatch(new RegExp(`^(?:${pattern.source})$`, pattern.flags));
    }
  });
});

it('with a draft that is held to the same pattern', async () => {
  const draft = new Gpt2(gpt2Config({ vocabSize: codec.vocabSize, dim: 8, layers: 1, heads: 1, eosIds: [EOS] })).eval();
  const pattern = /\{("[a-e]{1,3}":\d{1,4},?){1,4}\}/;
  const options = { tokenizer: codec, pattern, maxNewTokens: 50 };
  const [drafted] = await model.generate(['a'], { ...options, draft });
  expect(drafted.text).toMatch(new RegExp(`^${pattern.source}$`));
  expect(drafted.ids).toEqual((await model.generate(['a'], options))[0].ids);
  for (const { text } of await model.generate(['a'], {
    ...options,
    draft,
    temperature: 2,
    seed: 5,
    returnSequences: 4,
  }))
    expect(text).toMatch(new RegExp(`^${pattern.source}$`));
});

const person = {
  type: 'object',
  title: 'A person',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 6 },
    age: { type: 'integer', minimum: 0, maximum: 120 },
    weight: { type: 'number' },
    tags: { type: 'array', items: { enum: ['a', 'é"', 3, null] }, maxItems: 3 },
    home: { $ref: '#/$defs/place' },
    born: { type: 'string', format: 'date' },
    code: { type: 'string', pattern: '^[A-Z"\\\\]{2}\\d$' },
    pair: { type: 'array', prefixItems: [{ type: 'boolean' }, { const: { x: [1] } }], items: false, minItems: 1 },
    more: { anyOf: [{ type: 'null' }, { type: ['boolean', 'integer'], exclusiveMaximum: 5, exclusiveMinimum: -5 }] },
  },
  required: ['name', 'age', 'home'],
  additionalProperties: false,
  $defs: {
    place: { type: 'object', properties: { street: { type: 'string', maxLength: 3 }, no: { type: 'integer' } } },
  },
} as const;

/** What the schema above says, by hand: nothing of our own reads it. */
function expectPerson(text: string): void {
  const found = JSON.parse(text);
  expect(Object.keys(found).every((key) => key in person.properties)).toBe(true);
  expect(typeof found.name).toBe('string');
  expect(Array.from(found.name as string).length).toBeGreaterThanOrEqual(1);
  expect(Array.from(found.name as string).length).toBeLessThanOrEqual(6);
  expect(Number.isInteger(found.age) && found.age >= 0 && found.age <= 120).toBe(true);
  if ('weight' in found) expect(Number.isFinite(found.weight)).toBe(true);
  for (const tag of found.tags ?? []) expect(['a', 'é"', 3, null]).toContain(tag);
  expect((found.tags ?? []).length).toBeLessThanOrEqual(3);
  if ('street' in found.home) expect(Array.from(found.home.street as string).length).toBeLessThanOrEqual(3);
  if ('no' in found.home) expect(Number.isInteger(found.home.no)).toBe(true);
  if ('born' in found) expect(Number.isNaN(Date.parse(found.born))).toBe(false);
  if ('code' in found) expect(found.code).toMatch(/^[A-Z"\\]{2}\d$/);
  if ('pair' in found) {
    expect([1, 2]).toContain(found.pair.length);
    expect(typeof found.pair[0]).toBe('boolean');
    if (found.pair.length === 2) expect(found.pair[1]).toEqual({ x: [1] });
  }
  if (typeof found.more === 'number') expect(Math.abs(found.more)).toBeLessThan(5);
}

describe('schemas', () => {
  it.each(['greedy', 'drawn', 'beams', 'contrastive', 'without an end of its own'] as const)(
    'are kept to: %s',
    async (way) => {
      const constraint = await constrainToSchema(person, codec);
      for (const maxNewTokens of [constraint.distance(constraint.start), 150]) {
        const found = await model.generate(['a'], { tokenizer: codec, constraint, maxNewTokens, ...ways[way] });
        for (const { text } of found) expectPerson(text);
      }
    },
  );

  it('take what is valid and nothing else', () => {
    const matches = matcher(schemaPattern(person));
    const least = { name: 'x', age: 120, home: {} };
    for (const [value, valid] of [
      [least, true],
      [{ ...least, age: 121 }, false],
      [{ name: 'x', age: 1, weight: -1.5e-3, home: { no: -4 } }, true],
      [{ name: '', age: 1, home: {} }, false],
      [{ name: 'ab"\\\n', age: 1, home: {} }, true],
      [{ name: 'x', age: 1 }, false],
      [{ name: 'x', age: 1, home: {}, pair: [true, { x: [1] }] }, true],
      [{ name: 'x', age: 1, home: {}, pair: [] }, false],
      [{ name: 'x', age: 1, tags: ['a', 3], home: {} }, true],
      [{ name: 'x', age: 1, tags: ['b'], home: {} }, false],
      [{ name: 'x', age: 1, home: {}, code: 'A"7' }, true],
      [{ name: 'x', age: 1, home: {}, code: 'a"7' }, false],
      [{ name: 'x', age: 1, home: {}, more: 5 }, false],
      [{ name: 'x', age: 1, home: {}, more: null }, true],
    ] as const)
      expect(matches(JSON.stringify(value)), JSON.stringify(value)).toBe(valid);
  });

  it('map names to values where no properties are named', () => {
    const matches = matcher(schemaPattern({ type: 'object', additionalProperties: { type: 'integer' } }));
    for (const [text, valid] of [
      ['{}', true],
      ['{"a":1, "b": 2}', true],
      ['{"a":"b"}', false],
      ['{"a":1,}', false],
    ] as const)
      expect(matches(text)).toBe(valid);
  });

  it.each<[unknown, string]>([
    [{}, 'schema #/type'],
    [{ type: 'text' }, 'schema #/type'],
    [{ type: 'object', properties: { a: { type: 'array' } } }, 'schema #/properties/a'],
    [{ type: 'object', properties: { a: { type: 'integer', multipleOf: 3 } } }, 'schema #/properties/a/multipleOf'],
    [{ type: 'array', items: { not: {} } }, 'schema #/items/not'],
    [{ type: 'number', multipleOf: 3 }, 'schema #/multipleOf'],
    [{ type: 'number', minimum: 1e-20 }, 'fifteen digits'],
    [{ type: 'number', minimum: '3' }, 'schema #/minimum'],
    [{ type: 'array', items: { type: 'null' }, uniqueItems: true }, 'schema #/uniqueItems'],
    [{ oneOf: [] }, 'some text matches'],
    [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, 'schema #/oneOf/1'],
    [{ oneOf: [{ type: 'integer' }, { type: 'string' }, { enum: ['a'] }] }, 'got one like 1'],
    // An object of the first may have the second's property besides, as far as the first can tell.
    [{ oneOf: ['a', 'b'].map((key) => ({ type: 'object', properties: { [key]: { type: 'null' } } })) }, 'oneOf/1'],
    [{ $ref: '#' }, 'some text matches'],
    [{ type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }, 'some text matches'],
    [{ $ref: 'http://x/y' }, 'a reference inside the schema'],
    [{ $ref: '#/$defs/b' }, 'a place in the schema'],
    [{ type: 'string', format: 'email' }, 'schema #/format'],
    [{ type: 'string', pattern: '(?=a)' }, 'schema #/pattern'],
    [{ type: 'object', properties: { a: true } }, 'schema #/properties/a'],
    [{ type: 'object', properties: {}, patternProperties: {} }, 'schema #/patternProperties'],
    [{ type: 'object', properties: { a: { type: 'null' } }, required: ['b'] }, 'schema #/required'],
    [{ enum: [] }, 'some text matches'],
  ])('refuse %j', (schema, message) => {
    expect(() => compile(schemaPattern(schema), 'schema')).toThrow(message);
  });
});

/** A tree of named things, and a list that ends: references to themselves, and alternatives that exclude each other. */
const tree = {
  $ref: '#/$defs/node',
  $defs: {
    node: {
      type: 'object',
      properties: {
        name: { type: 'string', maxLength: 2 },
        children: { type: 'array', items: { $ref: '#/$defs/node' }, maxItems: 2 },
        leaf: {
          oneOf: [
            { type: 'null' },
            { type: 'object', properties: { kind: { const: 'a' }, n: { type: 'integer' } }, required: ['kind', 'n'] },
            {
              type: 'object',
              properties: { kind: { const: 'b' }, more: { $ref: '#/$defs/list' } },
              required: ['kind'],
            },
          ],
        },
      },
      required: ['name'],
    },
    list: { anyOf: [{ type: 'null' }, { type: 'array', prefixItems: [{ $ref: '#/$defs/list' }], minItems: 1 }] },
  },
} as const;

/** What the schema above says, by hand; gives how deep nodes stand in each other. */
function depthOfTree(node: Readonly<Record<string, unknown>>): number {
  expect(Object.keys(node).every((key) => ['name', 'children', 'leaf'].includes(key))).toBe(true);
  expect(typeof node['name'] === 'string' && Array.from(node['name']).length <= 2).toBe(true);
  const leaf = (node['leaf'] ?? null) as Readonly<Record<string, unknown>> | null;
  if (leaf !== null) expect(['a', 'b']).toContain(leaf['kind']);
  if (leaf?.['kind'] === 'a') expect(Number.isInteger(leaf['n'])).toBe(true);
  for (let more: unknown = leaf?.['more'] ?? null; more !== null; [more] = more as unknown[])
    expect(more).toHaveLength(1);
  const children = (node['children'] ?? []) as (typeof node)[];
  expect(children.length).toBeLessThanOrEqual(2);
  return 1 + Math.max(0, ...children.map(depthOfTree));
}

describe('schemas that refer to themselves', () => {
  const nested = (depth: number): object =>
    depth === 1 ? { name: 'x' } : { name: 'x', children: [nested(depth - 1)] };

  it.each([0, 1, 3])('are followed %i deep inside themselves, and no deeper', (depth) => {
    const matches = matcher(schemaPattern(tree, { depth }));
    for (let nodes = 1; nodes <= 6; nodes++)
      expect(matches(JSON.stringify(nested(nodes))), `${nodes} nodes`).toBe(nodes <= depth + 1);
    for (let lists = 0; lists <= 5; lists++) {
      const more = `${'['.repeat(lists)}null${']'.repeat(lists)}`;
      expect(matches(`{"name":"x","leaf":{"kind":"b","more":${more}}}`), more).toBe(lists <= depth);
    }
  });

  it('and the whole schema too, by #', () => {
    const matches = matcher(schemaPattern({ type: 'array', items: { $ref: '#' } }, { depth: 2 }));
    expect(['[]', '[[],[]]', '[[[]]]', '[[[[]]]]', '[[[]],[]]'].map(matches)).toEqual([true, true, true, false, true]);
  });

  it('may be wide and deep: only what texts come to is made', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `property${i}`);
    const node = (schema: object): object => ({
      type: 'object',
      properties: { id: { type: 'integer' }, ...Object.fromEntries(names.map((name) => [name, schema])) },
      required: ['id'],
    });
    const schema = { $defs: { node: node({ $ref: '#/$defs/node' }) }, $ref: '#/$defs/node' };
    const deep = (depth: number): object => ({ id: depth, ...(depth === 0 ? {} : { property7: deep(depth - 1) }) });
    const matches = matcher(schemaPattern(schema, { depth: 5 }));
    expect([0, 5, 6].map((depth) => matches(JSON.stringify(deep(depth))))).toEqual([true, true, false]);
    expect(matches(JSON.stringify({ id: 1, property1: { id: 2 }, property3: deep(4) }))).toBe(true);
    expect(matches(JSON.stringify({ property1: deep(1), id: 1 }))).toBe(false);
    const constraint = await constrainToSchema(schema, codec, { depth: 5 });
    const depthOf = (value: unknown): number =>
      typeof value !== 'object' || value === null ? 0 : 1 + Math.max(...Object.values(value).map(depthOf));
    for (const way of [ways.drawn, ways.beams]) {
      const found = await model.generate(['a'], { tokenizer: codec, constraint, maxNewTokens: 120, ...way });
      for (const { text } of found) {
        const value = JSON.parse(text);
        expect(depthOf(value)).toBeLessThanOrEqual(6);
        expect(matches(text)).toBe(true);
      }
    }
  });

  it.each(['greedy', 'drawn', 'beams', 'without an end of its own'] as const)('are kept to: %s', async (way) => {
    const constraint = await constrainToSchema(tree, codec, { depth: 1 });
    for (const maxNewTokens of [constraint.distance(constraint.start), 40, 150]) {
      const found = await model.generate(['a'], { tokenizer: codec, constraint, maxNewTokens, ...ways[way] });
      for (const { text } of found) expect(depthOfTree(JSON.parse(text))).toBeLessThanOrEqual(2);
    }
  });

  it('say so where they grow too large, or the depth is none', async () => {
    const names = Array.from({ length: 8 }, (_, i) => `d${i}`);
    const properties = Object.fromEntries(names.map((name) => [name, { $ref: `#/$defs/${name}` }]));
    const all = Object.fromEntries(names.map((name) => [name, { type: 'object', properties }]));
    const hostile = { $defs: all, ...properties['d0'] };
    await expect(constrainToSchema(hostile, codec, { depth: 9 })).rejects.toThrow('less deep');
    await expect(constrainToSchema(tree, codec, { depth: -1 })).rejects.toThrow('depth: expected a whole number');
  });
});

describe('oneOf takes alternatives that exclude each other', () => {
  const object = (properties: object, required: readonly string[], more?: boolean): object => ({
    type: 'object',
    properties,
    required,
    ...(more === undefined ? {} : { additionalProperties: more }),
  });
  const [a, b] = [{ type: 'null' }, { type: 'boolean' }];

  it.each<[string, readonly object[]]>([
    ['types', [{ type: ['null', 'string'] }, { type: 'integer' }, { type: 'array', items: a }]],
    ['values', [{ const: { x: 1, y: 2 } }, { enum: [1, { y: 2, x: 2 }] }]],
    ['a value and a type', [{ const: 1 }, { type: 'string' }]],
    ['a property that tells', [object({ kind: { const: 1 } }, ['kind']), object({ kind: { const: 2 } }, ['kind'])]],
    ['what one of them needs and the other never has', [object({ a }, ['a']), object({ b }, ['b'])]],
    ['what one of them forbids', [object({ a }, ['a'], false), object({ b, c: a }, ['b'], false)]],
    ['alternatives inside', [{ anyOf: [a, b] }, { oneOf: [{ type: 'string' }, { type: 'number' }] }]],
  ])('%s', (_, oneOf) => {
    expect(() => schemaPattern({ oneOf })).not.toThrow();
  });

  it.each<[string, readonly object[]]>([
    ['whole numbers', [{ const: 1 }, { type: 'number' }]],
    ['the same text', [{ type: 'string' }, { type: 'string', maxLength: 3 }]],
    ['an object that has both', [object({ a, b }, ['a']), object({ a, b }, ['b'])]],
    ['a property that may be left out', [object({ kind: { const: 1 } }, []), object({ kind: { const: 2 } }, [])]],
    [
      'lists',
      [
        { type: 'array', items: a },
        { type: 'array', items: b },
      ],
    ],
  ])('and refuses %s', (_, oneOf) => {
    expect(() => schemaPattern({ oneOf })).toThrow('schema #/oneOf/1: expected a schema that excludes those before it');
  });
});

it('walks a vocabulary in its order as token by token', () => {
  const automaton = compile(parseRegularExpression(/("[éa-d]*"|\{\d+|😀")+/u));
  const vocabulary = SortedVocabulary.of(codec);
  for (let state = 0; state < automaton.states; state++) {
    const found = vocabulary.from(automaton, state);
    const expected = pieces.flatMap((bytes, id) => {
      let at = state;
      for (const byte of bytes) if (at !== DEAD) at = automaton.step(at, byte);
      return at === DEAD ? [] : [[id, at]];
    });
    const pairs = Array.from(found.ids, (id, i) => [id, found.states[i]]);
    expect(pairs.sort((a, b) => a[0] - b[0])).toEqual(expected);
  }
});

it('says what is wrong', async () => {
  const generate = (options: object) => model.generate(['a'], { tokenizer: codec, ...options });
  await expect(generate({ pattern: /\d{9}/, maxNewTokens: 4 })).rejects.toThrow('maxNewTokens: expected at least 9');
  await expect(generate({ pattern: /a/, schema: person })).rejects.toThrow('only one of');
  await expect(model.generate([[1]], { pattern: /a/ })).rejects.toThrow('tokenizer');
  await expect(generate({ allowed: () => [] })).rejects.toThrow('at least one token');
  await expect(generate({ allowed: () => [1e6] })).rejects.toThrow('ids in');
  await expect(generate({ pattern: /b+/, allowed: () => [97] })).rejects.toThrow('other settings leave');
  const before = memory().buffers;
  await expect(generate({ allowed: () => [] })).rejects.toThrow();
  expect(memory().buffers).toBe(before);
  const few: TextCodec = { ...codec, toJSON: () => ({ model: { vocab: { a: 0 } }, decoder: { type: 'ByteLevel' } }) };
  await expect(generate({ tokenizer: few, pattern: /ab/ })).rejects.toThrow('the vocabulary can write');
});

it('draws from the model’s own probabilities, cut to what may follow', async () => {
  const constraint = await constrainToPattern(/[abc]/, codec);
  const decoding = model.startDecoding([[1]]);
  const [logits] = await decoding.next();
  decoding.dispose();
  const weights = ['a', 'b', 'c'].map((c) => Math.exp(logits[c.charCodeAt(0)]));
  const total = weights.reduce((a, b) => a + b, 0);
  const found = await model.generate([[1]], {
    constraint,
    generator: new Generator(2),
    sample: true,
    returnSequences: 600,
  });
  const share = found.filter(({ newIds }) => newIds[0] === 97).length / 600;
  expect(Math.abs(share - weights[0] / total)).toBeLessThan(0.08);
});
