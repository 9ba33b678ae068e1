// What mailing lists, feeds and the corpus itself wrote into the messages, and no sender did. It names the source of a
// message, and so often its label: lists are mostly ham, collectors' placeholders differ between spam and ham. Each
// rule counts the messages that it touched, for the report.

interface Rule {
  readonly name: string;
  readonly pattern: RegExp;
  readonly replacement: string;
}

// A line may be quoted: "> > text".
const QUOTE = '^[ \\t>|]*';
const line = (pattern: string): RegExp => new RegExp(`${QUOTE}${pattern}[ \\t]*$`, 'gim');

const BODY_RULES: readonly Rule[] = [
  {
    name: 'sourceforge advertisement',
    pattern: new RegExp(
      `${QUOTE}-{30,}[ \\t]*\\n${QUOTE}(?:This )?sf\\.net email is sponsored by[^\\n]*(?:\\n[^\\n_]+){0,4}`,
      'gim',
    ),
    replacement: '',
  },
  {
    name: 'Yahoo! Groups advertisement',
    pattern: /^[ \t>|]*-{5,} Yahoo! Groups Sponsor[^\n]*(?:\n[^\n]*){0,8}?\n[ \t>|]*-{20,}_?~->[ \t]*$/gim,
    replacement: '',
  },
  {
    name: 'Yahoo! Groups footer',
    pattern: line(
      '(?:To unsubscribe from this group, send an email to:|\\S+-unsubscribe@\\S+|Your use of Yahoo! Groups is subject to.*)',
    ),
    replacement: '',
  },
  {
    name: 'mailing list footer',
    pattern: line(
      "(?:_{30,}|[\\w .&'-]{1,40} mailing list(?: +<?\\S+@\\S+)?|(?:.{0,30} )?<?https?://\\S*listinfo\\S*.*|List maintainer: .*|Irish Linux Users' Group.*|[\\w-]+@(?:lists\\.|example\\.sourceforge|linux\\.ie|redhat\\.com|xent\\.com|freshrpms\\.net)\\S*)",
    ),
    replacement: '',
  },
  { name: 'boundary of a mail part', pattern: line('--[=_\\w.]*[\\d_=A-Z][^\\s-][^\\s]{14,}'), replacement: '' },
  { name: 'feed header', pattern: /^\s*URL: \S*\s*\nDate: [^\n]*\n/i, replacement: '' },
  {
    name: "collector's address",
    pattern: /\b[\w.+-]*@(?:[\w-]+\.)*(?:taint\.org|netnoteinc\.com|jmason\.org|example\.(?:com|sourceforge\.net))\b/gi,
    replacement: 'someone@example.com',
  },
  { name: "collector's name", pattern: /\b(?:z{4,}|y{4,}|q{6,})(?:-[\w-]+)?\b/gi, replacement: 'someone' },
];

const LIST_TAG: Rule = {
  name: 'list tag in the subject',
  pattern: /^((?:\s*(?:re|fwd?|aw)(?:\[\d+\])?:)*)\s*\[[\w .-]{2,30}\]/i,
  replacement: '$1',
};
const PLACEHOLDERS = BODY_RULES.filter((rule) => rule.name.startsWith('collector'));

/** Collects how many messages each rule changed. */
export type RuleCounts = Map<string, number>;

/** The body without footers, advertisements, feed headers and placeholders. */
export function cleanBody(body: string, counts: RuleCounts = new Map()): string {
  return apply(BODY_RULES, body, counts);
}

/** The subject without the list's tag, as in `Re: [ILUG] Modems`. */
export function cleanSubject(subject: string, counts: RuleCounts = new Map()): string {
  return apply([LIST_TAG, ...PLACEHOLDERS], subject, counts).trim();
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
