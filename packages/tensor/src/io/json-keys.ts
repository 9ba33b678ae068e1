// Finds names that a JSON text gives twice, which JSON.parse settles silently by the last one.

/**
 * The first name that an object of `json` holds twice, or null. `json` must be valid: parse it before.
 */
export function duplicateKey(json: string): string | null {
  // One set of names per open object; arrays push null, as their strings are no names.
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < json.length; i++) {
    const c = json[i];
    if (c === '{') open.push(new Set());
    else if (c === '[') open.push(null);
    else if (c === '}' || c === ']') open.pop();
    else if (c === '"') {
      const end = endOfString(json, i);
      const names = open.at(-1);
      if (names != null && isName(json, end)) {
        const name: string = JSON.parse(json.slice(i, end));
        if (names.has(name)) return name;
        names.add(name);
      }
      i = end - 1;
    }
  }
  return null;
}

/** The place after the closing quote of the string that begins at `start`. */
function endOfString(json: string, start: number): number {
  let i = start + 1;
  while (json[i] !== '"') i += json[i] === '\\' ? 2 : 1;
  return i + 1;
}

/** Whether the string that ends at `end` is a name: a colon follows. */
function isName(json: string, end: number): boolean {
  let i = end;
  while (' \t\n\r'.includes(json[i])) i++;
  return json[i] === ':';
}
