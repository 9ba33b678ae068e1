// Readers of labelled texts: what they find, and how each kind of broken file is refused.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelsOf, type ReadTableOptions, readTable, TableError } from '../src/index.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const csv = (text: string, options: ReadTableOptions = {}) => readTable(bytes(text), { format: 'csv', ...options });

async function problemOf(reading: Promise<unknown>): Promise<TableError> {
  const error = await reading.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(TableError);
  return error as TableError;
}

describe('reads', () => {
  it('CSV with quotes, line breaks inside a value, a byte order mark and columns found by name', async () => {
    const table = await csv('\ufeffid,Category,Message\n1,spam,"Win, ""now""\nor never"\n2,ham,Bis später\n');
    expect(table.textColumn).toBe('Message');
    expect(table.labelColumn).toBe('Category');
    expect(table.rows).toEqual([
      { text: 'Win, "now"\nor never', label: 'spam' },
      { text: 'Bis später', label: 'ham' },
    ]);
  });

  it('TSV, where quotes are ordinary characters', async () => {
    const { rows } = await readTable(bytes('label\ttext\na\t"open\nb\tx"y\n'), { format: 'tsv' });
    expect(rows.map((r) => r.text)).toEqual(['"open', 'x"y']);
  });

  it('JSONL with numbers and booleans as labels, blank lines and Windows line ends', async () => {
    const { rows } = await readTable(bytes('{"text":"a","label":0}\r\n\r\n{"text":"b","label":true}\r\n'), {
      format: 'jsonl',
    });
    expect(rows.map((r) => r.label)).toEqual(['0', 'true']);
  });

  it('files by their ending, gzip or not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'table-'));
    const text = '{"review":"good","sentiment":"pos"}\n';
    await writeFile(join(folder, 'a.jsonl'), text);
    await writeFile(join(folder, 'a.jsonl.gz'), gzipSync(text));
    const plain = await readTable(join(folder, 'a.jsonl'));
    expect(plain.rows).toEqual([{ text: 'good', label: 'pos' }]);
    expect((await readTable(join(folder, 'a.jsonl.gz'))).rows).toEqual(plain.rows);
  });

  it('whatever was written as CSV', async () => {
    const value = fc.string({ minLength: 1, unit: 'grapheme' }).filter((s) => s.trim() !== '' && !s.includes('\0'));
    const quote = (s: string): string => `"${s.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, value), { minLength: 1 }), async (pairs) => {
        const body = pairs.map(([t, l]) => `${quote(t)},${quote(l)}`).join('\n');
        const { rows } = await csv(`text,label\n${body}\n`);
        expect(rows).toEqual(pairs.map(([text, label]) => ({ text, label: label.trim() })));
      }),
      { numRuns: 50 },
    );
  });
});

describe('refuses', () => {
  it('an empty file, and one with a header alone', async () => {
    expect((await problemOf(csv(''))).message).toContain('the file is empty');
    expect((await problemOf(csv('text,label\n'))).message).toContain('no row');
  });

  it('a missing column, listing those found', async () => {
    const error = await problemOf(csv('a,b\n1,2\n', { text: 'review' }));
    expect(error.problem).toBe('missing-column');
    expect(error.columns).toEqual(['a', 'b']);
    expect(error.message).toContain("there is no column 'review'; the file has 'a', 'b'");
    expect((await problemOf(csv('text,b\n1,2\n'))).message).toContain('no column looks like the label');
  });

  it('an unclosed quote, naming the line that opens it', async () => {
    const error = await problemOf(csv('text,label\nfine,a\n"open,b\nmore,c\nmore,d\n'));
    expect([error.problem, error.line]).toEqual(['syntax', 3]);
    expect(error.message).toContain('line 3: a quote (") that is opened in this row is never closed');
  });

  it('a row with too many values', async () => {
    const error = await problemOf(csv('text,label\nfine,a\none,two,three\n'));
    expect([error.problem, error.line]).toEqual(['syntax', 3]);
  });

  it('NUL bytes and invalid UTF-8, naming the line', async () => {
    const nul = await problemOf(csv('text,label\nab,x\n\0,y\n'));
    expect([nul.problem, nul.line]).toEqual(['nul-byte', 3]);
    const latin1 = new Uint8Array([...bytes('text,label\nok,a\ncaf'), 0xe9, ...bytes(',b\n')]);
    const error = await problemOf(readTable(latin1, { format: 'csv' }));
    expect([error.problem, error.line]).toEqual(['encoding', 3]);
  });

  it.each(['csv', 'tsv', 'jsonl'] as const)('a line of 10 MB in %s', async (format) => {
    const long = 'x'.repeat(10_000_000);
    const separator = format === 'tsv' ? '\t' : ',';
    const text =
      format === 'jsonl'
        ? `{"text":"a","label":"b"}\n{"text":"${long}","label":"b"}\n`
        : `text${separator}label\n${long}${separator}b\n`;
    const error = await problemOf(readTable(bytes(text), { format }));
    expect([error.problem, error.line]).toEqual(['long-line', 2]);
  });

  it('an empty text and an absent label, naming the line', async () => {
    const empty = await problemOf(csv('text,label\na,x\n  ,y\n'));
    expect([empty.problem, empty.line]).toEqual(['missing-value', 3]);
    const absent = await problemOf(readTable(bytes('{"text":"a","label":1}\n{"text":"b"}\n'), { format: 'jsonl' }));
    expect(absent.message).toContain("line 2: 'label' is empty");
  });

  it('JSON that is broken or no object, naming the line', async () => {
    const jsonl = (text: string) => problemOf(readTable(bytes(text), { format: 'jsonl' }));
    expect((await jsonl('{"text":"a","label":1}\n{"text":')).line).toBe(2);
    expect((await jsonl('[1]\n')).message).toContain('expected a JSON object');
  });

  it('what is not there, an unknown ending, damaged gzip', async () => {
    expect((await problemOf(readTable('/nowhere/a.csv'))).message).toBe('/nowhere/a.csv: there is no such file');
    expect((await problemOf(readTable('/nowhere/a.xlsx'))).message).toContain('.csv, .tsv or .jsonl');
    const cut = gzipSync('text,label\na,b\n').subarray(0, 20);
    expect((await problemOf(readTable(cut, { format: 'csv' }))).message).toContain('gzip');
  });
});

describe('labels', () => {
  const row = (label: string) => ({ text: 't', label });

  it('are sorted and free of repeats', () => {
    expect(labelsOf([row('b'), row('a'), row('b')])).toEqual(['a', 'b']);
  });

  it('need two classes, and all of them in training', () => {
    expect(() => labelsOf([row('a')])).toThrow("every row has the label 'a'");
    expect(() => labelsOf([])).toThrow('no row to train on');
    const train = [row('a'), row('b')];
    expect(() => labelsOf(train, { others: { test: [row('c')] } })).toThrow("'c' occurs only in the test part");
  });
});
