// A file on a server, read by ranges where the server serves them, and front to back where it doesn't.
import { FormatError } from '../errors';
import type { ByteReader } from './source';

/** Opens a URL; null where the server says that there is nothing. */
export async function openUrl(url: string): Promise<ByteReader | null> {
  // Asking for the first byte tells whether ranges work, and how long the file is.
  const probe = await request(url, { range: 'bytes=0-0' });
  if (probe === null) return null;
  if (probe.status === 206) {
    await probe.body?.cancel();
    const size = Number(/\/(\d+)$/.exec(probe.headers.get('content-range') ?? '')?.[1] ?? Number.NaN);
    if (Number.isNaN(size)) throw new FormatError(url, 'the server does not say how long the file is');
    return { name: url, size, readInto: (into, offset) => readRange(url, into, offset), close: async () => undefined };
  }
  return streamed(url, probe);
}

async function request(url: string, headers: Readonly<Record<string, string>>): Promise<Response | null> {
  const response = await fetch(url, { headers });
  if (response.status === 404) return null;
  if (!response.ok) throw new FormatError(url, `the server answered ${response.status}`);
  return response;
}

async function readRange(url: string, into: Uint8Array, offset: number): Promise<void> {
  if (into.length === 0) return;
  const response = await request(url, { range: `bytes=${offset}-${offset + into.length - 1}` });
  const body = response?.body?.getReader();
  let done = 0;
  for (let part = await body?.read(); part?.value !== undefined; part = await body?.read()) {
    into.set(part.value.subarray(0, into.length - done), done);
    done = Math.min(done + part.value.length, into.length);
  }
  if (done < into.length) throw new FormatError(url, `ended at byte ${offset + done} while it was read`);
}

/** Serves reads from the one body as it arrives; a jump back starts the download again. */
function streamed(url: string, first: Response): ByteReader {
  const size = Number(first.headers.get('content-length') ?? Number.NaN);
  if (Number.isNaN(size) || first.headers.get('content-encoding') !== null) {
    throw new FormatError(url, 'the server does not say how long the file is');
  }
  let body = first.body?.getReader();
  let rest: Uint8Array = new Uint8Array(0);
  let at = 0;
  const restart = async (): Promise<void> => {
    await body?.cancel();
    body = (await request(url, {}))?.body?.getReader();
    rest = new Uint8Array(0);
    at = 0;
  };
  return {
    name: url,
    size,
    async readInto(into, offset) {
      if (offset < at) await restart();
      let done = 0;
      while (done < into.length) {
        const skipped = Math.min(rest.length, offset + done - at);
        const taken = rest.subarray(skipped, skipped + into.length - done);
        into.set(taken, done);
        done += taken.length;
        at += skipped + taken.length;
        rest = rest.subarray(skipped + taken.length);
        if (done === into.length) return;
        const part = await body?.read();
        if (part?.value === undefined) throw new FormatError(url, `ended at byte ${at} while it was read`);
        rest = part.value;
      }
    },
    close: async () => {
      await body?.cancel();
    },
  };
}
