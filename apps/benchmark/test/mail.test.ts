// Messages to text: MIME, HTML, what lists add. And the near-duplicate search against the plain definition.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanBody, cleanSubject } from '../src/data/boilerplate.js';
import { mailText } from '../src/data/mail-text.js';
import { dropNearDuplicates, similarity } from '../src/data/near-duplicates.js';
import { stratifiedSplit } from '../src/data/split.js';

const mail = (headers: string[], body: string): string => `From someone Thu Aug 22\n${headers.join('\n')}\n\n${body}`;

describe('mail to text', () => {
  it('keeps subject and body, and no other header', async () => {
    const raw = mail(
      ['Received: from spamhost', 'Subject: =?iso-8859-1?Q?Caf=E9?=', 'X-Spam-Status: Yes'],
      'Hello\nyou',
    );
    expect(await mailText(raw)).toEqual({ subject: 'Café', body: 'Hello\nyou' });
  });

  it('undoes quoted-printable, base64 and old character sets', async () => {
    const quoted = mail(
      ['Content-Type: text/plain; charset=iso-8859-1', 'Content-Transfer-Encoding: quoted-printable'],
      'caf=E9 =3D=\n yes',
    );
    expect((await mailText(quoted)).body).toBe('café = yes');
    const base64 = mail(
      ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: base64'],
      btoa('plain words'),
    );
    expect((await mailText(base64)).body).toBe('plain words');
  });

  it('turns HTML into text, and lists the hosts of its links and pictures once', async () => {
    const html =
      '<html><style>p{}</style><h1>Big</h1><p>Buy &amp; <a href="http://Shop.example.net/x?id=1">save</a></p><img src=http://shop.example.net/a.gif><script>evil()</script></html>';
    const { body } = await mailText(mail(['Content-Type: text/html'], html));
    expect(body.split(/\s+/)).toEqual(['Big', 'Buy', '&', 'save', 'shop.example.net']);
  });

  it('prefers the plain part of two, and reads parts whose boundary is declared wrongly', async () => {
    const parts = '--B\nContent-Type: text/plain\n\nplain\n--B\nContent-Type: text/html\n\n<p>html</p>\n--B--\n';
    expect((await mailText(mail(['Content-Type: multipart/alternative; boundary=B'], parts))).body).toBe('plain');
    expect((await mailText(mail(['Content-Type: multipart/alternative; boundary=C'], parts))).body).toBe('plain');
    expect((await mailText(mail(['Subject: x'], `This is a multi-part message\n\n${parts}`))).body).toBe('plain');
  });

  it('cuts runs of one sign, and no runs of letters or digits', async () => {
    const { body } = await mailText(mail(['Subject: a'], 'Buy!!!!!!\n----------\n2000000 aaaaa'));
    expect(body).toBe('Buy!!!\n---\n2000000 aaaaa');
  });

  it('drops control characters and what stands for lost bytes', async () => {
    expect(await mailText(mail(['Subject: a\ufffd\ufffdb'], 'x\u0007y\u200bz'))).toEqual({
      subject: 'a b',
      body: 'x y z',
    });
  });
});

describe('what the corpus’ makers added', () => {
  it('goes, and is counted', () => {
    const counts = new Map<string, number>();
    const body = 'Write to zzzz@spamassassin.taint.org\n--_NextPart_000_0027_01C2A3B4.D5E6F7\nyyyy';
    expect(cleanBody(body, counts)).toBe('Write to someone@example.com\n\nsomeone');
    expect([...counts]).toEqual([
      ['boundary of a mail part', 1],
      ["collector's address", 1],
      ["collector's name", 1],
    ]);
    expect(cleanSubject('For zzzz@example.com')).toBe('For someone@example.com');
  });

  it('and nothing that a sender or a list wrote', () => {
    const body = 'I joined a list.\n\nSee http://example.org/list\n--\nBob\n_______\nRazor-users mailing list';
    expect(cleanBody(body)).toBe(body);
    expect(cleanSubject('Re: [ILUG] Modems')).toBe('Re: [ILUG] Modems');
  });
});

describe('near duplicates', () => {
  // Few words and short texts, so that alike pairs are common.
  const texts = fc.array(
    fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 9 }).map((words) => words.join(' ')),
    { maxLength: 25 },
  );

  it('keeps no two texts that reach the threshold, and drops none without an alike one before it', () => {
    fc.assert(
      fc.property(texts, fc.constantFrom(0.5, 0.8, 1), (list, threshold) => {
        const options = { threshold, shingle: 2 };
        const { kept, exact, near } = dropNearDuplicates(list, options);
        expect(kept.length + exact + near).toBe(list.length);
        for (const [i, text] of list.entries()) {
          const alike = kept.filter((k) => k < i && similarity(list[k], text, options) >= threshold);
          expect(alike.length > 0).toBe(!kept.includes(i));
        }
      }),
    );
  });

  it('ignores case and punctuation, and counts exact ones apart', () => {
    const long = Array.from({ length: 60 }, (_, i) => `word${i}`).join(' ');
    const result = dropNearDuplicates([long, long.toUpperCase(), `${long}!`, `${long} and more`, 'another']);
    expect(result).toEqual({ kept: [0, 4], exact: 2, near: 1 });
  });
});

describe('the split', () => {
  const rows = Array.from({ length: 103 }, (_, i) => ({ text: `t${i}`, label: i % 4 === 0 ? 'a' : 'b' }));

  it('keeps every row once, the share of each label, and the cut of a seed', () => {
    const { rest, part } = stratifiedSplit(rows, { share: 0.2, seed: 1 });
    expect([...rest, ...part].map((r) => r.text).sort()).toEqual(rows.map((r) => r.text).sort());
    expect(part.filter((r) => r.label === 'a').length).toBe(5);
    expect(part.filter((r) => r.label === 'b').length).toBe(15);
    expect(stratifiedSplit(rows, { share: 0.2, seed: 1 }).part).toEqual(part);
    expect(stratifiedSplit(rows, { share: 0.2, seed: 2 }).part).not.toEqual(part);
  });
});
