// The only ways in which text gets into the page. Mail is hostile: nothing of it may become markup or script.

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Markup that is safe to insert as it is. Made by {@link html} and {@link join} alone. */
export class Markup {
  constructor(readonly source: string) {}
}

/** A template whose values are escaped, unless they are {@link Markup} themselves. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | number | Markup)[]): Markup {
  return new Markup(parts.map((part, i) => part + (i < values.length ? escapeText(values[i]) : '')).join(''));
}

/** Several pieces of markup after each other. */
export function join(pieces: readonly Markup[]): Markup {
  return new Markup(pieces.map((piece) => piece.source).join(''));
}

/** A value as JSON that cannot end the script element around it. */
export function scriptJson(value: unknown): Markup {
  return new Markup(
    JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}

/** Our own or a library's program, inlined. */
export function scriptSource(source: string): Markup {
  return new Markup(source.replace(/<\/(script)/gi, '<\\/$1').replace(/^\/\/# sourceMappingURL=.*$/gm, ''));
}

function escapeText(value: string | number | Markup): string {
  if (value instanceof Markup) return value.source;
  // Control characters have no place in HTML and are errors there, escaped or not.
  return String(value)
    .replace(/(?![\t\n])\p{Cc}/gu, '\ufffd')
    .replace(/[&<>"']/g, (c) => ENTITIES[c]);
}
