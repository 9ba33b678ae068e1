// From a raw message to what its reader sees: subject and body as plain text. MIME by postal-mime, HTML by html-to-text.
import { compile } from 'html-to-text';
import PostalMime, { type Email } from 'postal-mime';
import { cleanBody, cleanSubject, type RuleCounts } from './boilerplate.js';

/** What is left of a message. */
export interface MailText {
  readonly subject: string;
  readonly body: string;
}

const htmlToText = compile({
  wordwrap: false,
  // Headings and table heads keep their case. Addresses of links and pictures are gathered by linkHosts.
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'img', format: 'skip' },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
    { selector: 'table', options: { uppercaseHeaderCells: false } },
  ],
  limits: { maxInputLength: 2 ** 22 },
});

/** Drops every header but the subject, undoes MIME, turns HTML into text and removes what the corpus' makers added. */
export async function mailText(raw: string, counts?: RuleCounts): Promise<MailText> {
  const message = raw.replace(/^From [^\n]*\n/, ''); // the mbox separator is no header
  const mail = await PostalMime.parse(message);
  const body = (await readable(mail)) || (await readable(await PostalMime.parse(mendedParts(message)), true));
  return { subject: cleanSubject(tidy(mail.subject ?? ''), counts), body: tidy(cleanBody(tidy(body), counts)) };
}

// The plain part if it says something, else the HTML. Some senders put HTML, or a whole multipart mail without its
// header, into a part they call plain; the latter is parsed again, once.
async function readable({ text = '', html = '' }: Email, isMended = false): Promise<string> {
  if (!isMended && /^--\S.*\nContent-/im.test(text)) return readable(await PostalMime.parse(mendedParts(text)), true);
  if (/<(html|body|table|font)\b[^>]*>/i.test(text)) return fromHtml(text);
  return text.trim() || fromHtml(html);
}

// A multipart body whose header is missing or names another boundary: believes the first boundary that stands there.
function mendedParts(body: string): string {
  const boundary = /^--(\S.*?)\s*\nContent-/im.exec(body)?.[1];
  return `Content-Type: multipart/alternative; boundary="${boundary ?? ''}"\n\n${body}`;
}

function fromHtml(source: string): string {
  return `${htmlToText(source)}\n${linkHosts(source)}`.trim();
}

// Where links and pictures point to, each host once and after the text: all that a mail made of one picture says.
function linkHosts(source: string): string {
  const addresses = source.matchAll(/\b(?:href|src)\s*=\s*["']?\s*https?:\/\/(?:[^@/"'\s>]*@)?([\w.-]+)/gi);
  return [...new Set(Array.from(addresses, ([, host]) => host.toLowerCase()))].join(' ');
}

// U+FFFD stands where the package lost 8-bit bytes of old character sets; kept, it would mark foreign spam.
function tidy(text: string): string {
  return (
    text
      .replace(/\r\n?/g, '\n')
      .replace(/(?:[\ufffd\p{Cf}]|(?![\n\t])\p{Cc})+/gu, ' ')
      // A line of sixty dashes says no more than three, and would fill a model's window.
      .replace(/([^\p{L}\p{N}\s])\1{3,}/gu, '$1$1$1')
      .replace(/[^\S\n]+/g, ' ')
      .replace(/ ?\n ?/g, '\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim()
  );
}
