// A server on this machine that answers as the Hub does, and fails where it is told to.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong, and what was asked. */
export interface Behaviour {
  /** Breaks the connection of a weights file after so many bytes, this many times, once the other side has them. */
  breaks: { readonly after: number; times: number; readonly arrived: (total: number) => Promise<void> };
  /** Changes a byte of weights on their way. */
  damage: boolean;
  /** Whether parts of files can be asked for. */
  ranges: boolean;
  readonly requests: string[];
}

const sha = 'a'.repeat(40);
const isLarge = (path: string): boolean => /\.(safetensors|bin)$/.test(path);

/** Starts it; `files` are those of the model `owner/tiny`. */
export async function startHub(
  files: ReadonlyMap<string, Uint8Array>,
): Promise<{ readonly url: string; readonly behaviour: Behaviour; close(): Promise<void> }> {
  const behaviour: Behaviour = {
    breaks: { after: 0, times: 0, arrived: async () => undefined },
    damage: false,
    ranges: true,
    requests: [],
  };
  const server = createServer((request, response) => {
    answer(request, response, files, behaviour).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, behaviour, close: () => stop(server) };
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  files: ReadonlyMap<string, Uint8Array>,
  behaviour: Behaviour,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://hub');
  behaviour.requests.push(`${request.method} ${pathname} ${request.headers.range ?? ''}`.trim());
  const json = (status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  if (/^\/api\/models\/owner\/tiny\/revision\/(main|v1)$/.test(pathname))
    return json(200, { _id: '1', id: 'owner/tiny', sha, lastModified: new Date(0).toISOString() });
  if (pathname === `/api/models/owner/tiny/paths-info/${sha}`) {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const { paths } = JSON.parse(Buffer.concat(parts).toString());
    const found = (paths as string[]).flatMap((path) => {
      const bytes = files.get(path);
      return bytes === undefined ? [] : [infoOf(path, bytes)];
    });
    return json(200, found);
  }
  const [, path] = /^\/owner\/tiny\/resolve\/[^/]+\/(.*)$/.exec(pathname) ?? [];
  const bytes = files.get(path ?? '');
  if (bytes === undefined) return json(404, { error: 'Repository not found' });
  send(request, response, path, bytes, behaviour);
}

/** What the Hub says of a file: git's hash, and SHA-256 of what lies in its large storage. */
function infoOf(path: string, bytes: Uint8Array): object {
  const git = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  const oid = createHash('sha256').update(bytes).digest('hex');
  const large = isLarge(path) ? { lfs: { oid, size: bytes.length, pointerSize: 130 } } : {};
  return { path, type: 'file', size: bytes.length, oid: git, ...large };
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  bytes: Uint8Array,
  behaviour: Behaviour,
): void {
  const [, first] = (behaviour.ranges && /^bytes=(\d+)-/.exec(request.headers.range ?? '')) || [];
  const from = Number(first ?? 0);
  const content = Buffer.from(bytes.slice(from));
  const large = isLarge(path);
  if (large && behaviour.damage) content[0] ^= 1;
  const range = first === undefined ? {} : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(first === undefined ? 200 : 206, { 'content-length': content.length, ...range });
  const { breaks } = behaviour;
  if (large && breaks.times > 0) {
    breaks.times--;
    response.write(content.subarray(0, breaks.after));
    void breaks.arrived(from + breaks.after).then(() => response.destroy());
  } else response.end(content);
}
