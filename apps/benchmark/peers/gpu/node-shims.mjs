// What programs that also run in Node find of it in a page. Their flags come from the process that opened the page.

export const process = {
  version: '',
  env: {},
  resourceUsage: () => ({ maxRSS: Math.round((performance.memory?.totalJSHeapSize ?? 0) / 1024) }),
  exit: () => globalThis.benchEnded(),
};

/** `node:util`'s, for flags with values. */
export function parseArgs({ options }) {
  const values = {};
  for (const [name, { default: fallback, type }] of Object.entries(options)) {
    const at = globalThis.benchArgs.indexOf(`--${name}`);
    values[name] = at === -1 ? fallback : type === 'boolean' ? true : globalThis.benchArgs[at + 1];
  }
  return { values };
}

/** A page has no CommonJS; nobody calls it there. */
export const createRequire = () => undefined;
/** A page has workers of its own. */
export const Worker = globalThis.Worker;
