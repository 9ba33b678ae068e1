// What has to be said beside figures of a GPU: whether there was one, and what Heddle adds to gpu.js's own dispatch.
import type { Row } from '../speed/schema.js';

/** Workload of the kernels page that says what one op costs the page's thread. */
const ONE_OP = 'one op, of the thread';

/** Microseconds that an op may cost on top of gpu.js's dispatch. */
const ALLOWED = 15;

/** A sentence for each software adapter among what ran: a processor that plays a GPU. */
export function softwareRemarks(ran: Readonly<Record<string, unknown>>): string[] {
  const names = Object.values(ran).flatMap((one) => {
    const gpu: unknown = typeof one === 'object' && one !== null && 'gpu' in one ? one.gpu : null;
    const isSoftware = typeof gpu === 'object' && gpu !== null && 'software' in gpu && gpu.software === true;
    return isSoftware && 'adapter' in gpu ? [String(gpu.adapter)] : [];
  });
  return [...new Set(names)].map(
    (name) => `${name} is a software adapter: a processor plays the GPU, and no time here says how fast a GPU is`,
  );
}

/** What an op costs beyond gpu.js alone, for each mode that both were measured on. */
export function overheadRemarks(rows: readonly Row[]): string[] {
  const ops = rows.filter(({ workload }) => workload === ONE_OP);
  return ops
    .filter(({ system }) => system === 'gpu.js')
    .flatMap((alone) =>
      ops
        .filter(({ system, setting }) => system === 'heddle' && setting.startsWith(alone.setting))
        .map((own) => {
          const [median, least] = [own.medianMs - alone.medianMs, own.minMs - alone.minMs].map((ms) => ms * 1000);
          const figures = `${median.toFixed(1)} µs by medians, ${least.toFixed(1)} µs by the least of both`;
          return `an op of heddle, ${own.setting}, costs the thread ${figures} more than gpu.js's dispatch (at most ${ALLOWED} are allowed)`;
        }),
    );
}
