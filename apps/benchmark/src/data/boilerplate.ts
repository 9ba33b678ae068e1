// What the corpus' makers, not the senders, wrote into the messages: placeholders for recipients, and stray boundaries of
// mail parts. Placeholders differ between spam and ham, so they would give the label away. List tags and footers stay:
// every filter sees them. Each rule counts the messages that it touched, for the report.

interface Rule {
  readonly name: string;
  readonly pattern: RegExp;
  readonly replacement: string;
}

// A line may be quoted: "> > text".
const BOUNDARY = /^[ \t>|]*--[=_\w.]*[\d_=A-Z][^\s-][^\s]{14,}[ \t]*$/gim;

const PLACEHOLDERS: readonly Rule[] = [
  {
    name: "collector's address",
    pattern: /\b[\w.+-]*@(?:[\w-]+\.)*(?:taint\.org|netnoteinc\.com|jmason\.org|example\.(?:com|sourceforge\.net))\b/gi,
    replacement: 'someone@example.com',
  },
  { name: "collector's name", pattern: /\b(?:z{4,}|y{4,}|q{6,})(?:-[\w-]+)?\b/gi, replacement: 'someone' },
];

const BODY_RULES: readonly Rule[] = [
  { name: 'boundary of a mail part', pattern: BOUNDARY, replacement: '' },
  ...PLACEHOLDERS,
];

/** Collects how many messages each rule changed. */
export type RuleCounts = Map<string, number>;

/** The body without placeholders and stray boundaries. */
export function cleanBody(body: string, counts: RuleCounts = new Map()): string {
  return apply(BODY_RULES, body, counts);
}

/** The subject without placeholders. */
export function cleanSubject(subject: string, counts: RuleCounts = new Map()): string {
  return apply(PLACEHOLDERS, subject, counts).trim();
}

function apply(rules: readonly Rule[], text: string, counts: RuleCounts): string {
  let result = text;
  for (const { name, pattern, replacement } of rules) {
    const cleaned = result.replace(pattern, replacement);
    if (cleaned !== result) counts.set(name, (counts.get(name) ?? 0) + 1);
    result = cleaned;
  }
  return result;
}
