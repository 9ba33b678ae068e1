// The command, without a process: streams in, text out, exit codes.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from '../src/cli/run';
import { Tokenizer } from '../src/index';

const folder = mkdtempSync(join(tmpdir(), 'heddle-tokenizer-'));
const tokenizer = join(folder, 'tokenizer');

async function command(
  args: readonly string[],
  input = '',
  color = false,
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  async function* stdin(): AsyncGenerator<Uint8Array> {
    // In pieces, so that a line and a character are cut in two.
    const bytes = new TextEncoder().encode(input);
    for (let i = 0; i < bytes.length; i += 3) yield bytes.subarray(i, i + 3);
  }
  const code = await run(args, {
    stdin: stdin(),
    write: (text) => {
      out += text;
      return undefined;
    },
    warn: (text) => {
      err += text;
    },
    color,
    progress: false,
  });
  return { code, out, err };
}

beforeAll(async () => {
  const corpus = join(folder, 'corpus.txt');
  writeFileSync(corpus, 'the quick brown fox\nthe lazy café dog\n'.repeat(50));
  const { code, err } = await command(['train', '-m', 'bpe', '-v', '300', '-o', tokenizer, corpus]);
  expect(err).toMatch(/^\d+ tokens, written to/);
  expect(code).toBe(0);
});

describe('the command', () => {
  it('writes a tokenizer.json', () => {
    expect(JSON.parse(readFileSync(join(tokenizer, 'tokenizer.json'), 'utf8'))).toMatchObject({
      model: { type: 'BPE' },
    });
  });
  it('encodes lines as JSON, and decodes them again', async () => {
    const { out } = await command(['encode', '-t', tokenizer, '--json'], 'the café\r\nlast');
    const rows = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ offsets }) => offsets.at(-1)[1])).toEqual([8, 4]);
    const ids = await command(['encode', '-t', tokenizer], 'the café\n');
    expect((await command(['decode', '-t', tokenizer], ids.out)).out).toBe('the café\n');
  });
  it('counts and inspects', async () => {
    expect((await command(['count', '-t', tokenizer], 'the quick\n')).out).toMatch(/^\d+\t-\n$/);
    expect((await command(['inspect', '-t', tokenizer], 'the café 🙂\n')).out).toMatch(
      /^\|the\| café\|.*🙂.*\| {2}\(\d+\)\n$/,
    );
    const { out } = await command(['inspect', '-t', tokenizer], 'the café 🙂\n', true);
    expect(out).toContain('\u001b[30;43mthe\u001b[0m\u001b[30;46m café\u001b[0m');
    expect(stripVTControlCharacters(out).replaceAll('·', '')).toMatch(/^the café 🙂 {2}\(\d+\)\n$/);
  });
  it('counts the ends of lines as they are', async () => {
    const count = async (text: string): Promise<number> =>
      Number.parseInt((await command(['count', '-t', tokenizer], text)).out, 10);
    const loaded = await Tokenizer.load(tokenizer);
    for (const text of ['the', 'the\n', 'the\r\n', 'the\r\n\r\nfox', ''])
      expect(await count(text)).toBe(text.split(/(?<=\n)/).reduce((sum, line) => sum + loaded.count(line), 0));
    expect(await count('the')).toBeLessThan(await count('the\n'));
  });
  it('gives the same ids with --json and without, cut and uncut', async () => {
    for (const more of [[], ['--max-length', '2'], ['--no-special']]) {
      const text = 'the café fox\n\n🙂\n';
      const plain = await command(['encode', '-t', tokenizer, ...more], text);
      const { out } = await command(['encode', '-t', tokenizer, '--json', ...more], text);
      const lines = out.trim().split('\n');
      expect(plain.out.split('\n').slice(0, -1)).toEqual(lines.map((line) => JSON.parse(line).ids.join(' ')));
    }
  });
  it('says what is wrong with an option in one line', async () => {
    const { code, err } = await command(['encode', '-t', tokenizer, '--max-length', '-1']);
    expect(code).toBe(2);
    expect(err).toMatch(/^Option '--max-length'.*\n$/);
  });
  it('decodes what it encoded as JSON', async () => {
    const { out } = await command(['encode', '-t', tokenizer, '--json'], 'the café\n\nfox\n');
    expect((await command(['decode', '-t', tokenizer], out)).out).toBe('the café\n\nfox\n');
  });
  it('ends quietly when its reader does', () => {
    const cli = new URL('../dist/cli.js', import.meta.url).pathname;
    const script = `yes 'the quick fox' | head -100000 | "${process.execPath}" "${cli}" encode -t "${tokenizer}" | head -1; echo "\${PIPESTATUS[2]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^[\d ]+\n0\n$/);
  });
  it('says what is wrong', async () => {
    expect(await command(['encode', '-t', join(folder, 'none')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('none'),
    });
    expect(await command(['encode'])).toMatchObject({ code: 2, err: expect.stringContaining('--tokenizer') });
    expect(await command(['sing'])).toMatchObject({ code: 2, err: expect.stringContaining('inspect') });
    expect(await command(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('Examples') });
    expect(await command(['decode', '-t', tokenizer], 'one two')).toMatchObject({ code: 2 });
  });
});
